"""The way from the journal to the outbox: subscribe, put in order, evaluate, snapshot."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import structlog

from detection_service import controls
from detection_service.checkpoint import Checkpoint, Checkpoints
from detection_service.engine.engine import Engine
from detection_service.ordering import Ordering
from detection_service.outbox import Outbox
from surveillance.v1 import ingest_pb2
from tapewatch.client.wire import JournalRecord
from tapewatch.market.frame import Frame, FrameError

ROWS_PER_TURN_MAX: Final = 4096

_log = structlog.get_logger(__name__)


class Consumer:
    """Feeds one engine from the journal.

    `next_sequence` is the position it goes on from; `poisoned` counts events in frames it could not take, by source.
    """

    def __init__(self, engine: Engine, checkpoints: Checkpoints, snapshot_every_rows: int) -> None:
        self.engine = engine
        self.outbox = Outbox()
        self.next_sequence = 0
        self.snapshot_sequence = 0
        self.poisoned: Counter[str] = Counter()
        self._ordering = Ordering()
        self._checkpoints = checkpoints
        self._snapshot_every_rows = snapshot_every_rows
        self._controls: dict[str, bytes] = {}
        self._snapshot_task: asyncio.Task[None] | None = None

    @property
    def ordering(self) -> Ordering:
        """What is held back for order."""
        return self._ordering

    def recover(self) -> None:
        """Goes on from the newest whole snapshot, from the journal's beginning without one."""
        checkpoint, problems = self._checkpoints.newest()
        for problem in problems:
            _log.warning("snapshot passed over", problem=problem)
        if checkpoint is None:
            return
        for kind, content in checkpoint.controls.items():
            controls.apply(self.engine, kind, content)
        self.engine.restore(checkpoint.engine)
        self._ordering.restore(checkpoint.ordering)
        self._controls = dict(checkpoint.controls)
        self.poisoned = Counter(checkpoint.poisoned)
        self.outbox = Outbox(checkpoint.revisions_made)
        self.next_sequence = self.snapshot_sequence = checkpoint.next_sequence
        _log.info("recovered", next_sequence=self.next_sequence)

    async def run(self, records: AsyncIterator[JournalRecord], on_progress: Callable[[], None] = lambda: None) -> None:
        """Consumes journal records, for ever."""
        async for record in records:
            if record.first_sequence != self.next_sequence:
                raise RuntimeError(f"expected journal position {self.next_sequence}, found {record.first_sequence}")
            await self._take(record)
            self.next_sequence = record.first_sequence + record.row_count
            on_progress()
            self._maybe_snapshot()

    async def _take(self, record: JournalRecord) -> None:
        if record.kind == ingest_pb2.RECORD_KIND_EVENTS:
            try:
                frame = Frame.decode(record.payload)
            except FrameError as error:
                self.poisoned["?"] += record.row_count
                _log.error("poisoned frame", sequence=record.first_sequence, problem=str(error))
                return
            for part in self._ordering.take(frame):
                await self._evaluate(part)
        elif record.kind == ingest_pb2.RECORD_KIND_MARK:
            mark = json.loads(record.payload)
            for part in self._ordering.source_quiet(mark["source"]):
                await self._evaluate(part)
        else:
            self._control(record.payload)

    async def _evaluate(self, frame: Frame) -> None:
        """Gives the engine at most 4096 events a turn of the event loop."""
        for start in range(0, frame.row_count, ROWS_PER_TURN_MAX):
            whole = frame.row_count <= ROWS_PER_TURN_MAX
            self.outbox.put(self.engine.process(frame if whole else frame.slice(start, start + ROWS_PER_TURN_MAX)))
            if not whole:
                await asyncio.sleep(0)
        if self.outbox.full:
            await self.outbox.until(lambda: not self.outbox.full)

    def _control(self, payload: bytes) -> None:
        record: dict[str, Any] = json.loads(payload)
        kind, content = str(record["control"]).lower(), json.dumps(record["content"]).encode()
        try:
            controls.apply(self.engine, kind, content)
        except (ValueError, KeyError) as error:
            _log.error("control record refused, what was in force stays", kind=kind, problem=str(error))
            return
        self._controls[kind] = content

    def _maybe_snapshot(self) -> None:
        due = self.next_sequence >= self.snapshot_sequence + self._snapshot_every_rows
        if due and (self._snapshot_task is None or self._snapshot_task.done()):
            if self._snapshot_task is not None:
                self._snapshot_task.result()
            self._snapshot_task = asyncio.create_task(self._store(self.checkpoint()))

    def checkpoint(self) -> Checkpoint:
        """The state as of `next_sequence`."""
        return Checkpoint(
            self.next_sequence,
            self.engine.snapshot(),
            self._ordering.state(),
            self.outbox.made,
            dict(self._controls),
            dict(self.poisoned),
        )

    async def _store(self, checkpoint: Checkpoint) -> None:
        """Writes a snapshot once every alert made before it is durable, so that none can be lost with the process."""
        await self.outbox.until(lambda: self.outbox.recorded >= checkpoint.revisions_made)
        await asyncio.to_thread(self._checkpoints.write, checkpoint)
        self.snapshot_sequence = checkpoint.next_sequence
