"""The way from the journal to the outbox: subscribe, put in order, evaluate, snapshot."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import structlog

from detection_service import controls
from detection_service.changes import Changes, Standing
from detection_service.checkpoint import Checkpoint, Checkpoints
from detection_service.corrections.starts import Starts
from detection_service.corrections.state import Corrections
from detection_service.coverage import Shown
from detection_service.engine.engine import Engine
from detection_service.frozen import Frozen
from detection_service.health.health import Health
from detection_service.ordering import HELD_ROWS_MAX, Ordering, released, turns
from detection_service.outbox import Outbox
from surveillance.v1 import alert_pb2, ingest_pb2
from tapewatch.alert import to_message
from tapewatch.client.wire import JournalRecord
from tapewatch.market.frame import Frame, FrameError

_log = structlog.get_logger(__name__)


class Consumer:
    """Feeds one engine from the journal.

    `next_sequence` is the position it goes on from; `poisoned` counts events in frames it could not take, by source.
    `turn` is held while a record is taken; who holds it sees engine, ordering and position agree. `new_engine` makes
    what the consumer began with. `progressed` is set after every record, `corrections_due` when something has come to
    await a correction run.
    """

    def __init__(self, engine: Engine, checkpoints: Checkpoints, snapshot_every_rows: int) -> None:
        self.engine = engine
        self.outbox = Outbox()
        self.next_sequence = 0
        self.snapshot_sequence = 0
        self.poisoned: Counter[str] = Counter()
        self.health = Health()
        self.shown = Shown()
        self.corrections = Corrections()
        self.corrections_due = asyncio.Event()
        self.progressed = asyncio.Event()
        self.turn = asyncio.Lock()
        self.new_engine = engine.recipe
        self._ordering = Ordering()
        self._checkpoints = checkpoints
        self._snapshot_every_rows = snapshot_every_rows
        self._controls: dict[str, bytes] = {}
        self.changes = Changes()
        self.rule_problems: dict[str, str] = {}
        self._faults_told: dict[str, str] = {}
        self._left_told: Counter[str] = Counter()
        self._snapshot_task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._adopted = 0
        self._to_be_told = 0
        self.starts = Starts(checkpoints.directory / "starts")

    @property
    def ordering(self) -> Ordering:
        """What is held back for order."""
        return self._ordering

    @property
    def alerts_pending(self) -> int:
        """Alert revisions not yet recorded, those of a correction about to be told included."""
        return self.outbox.made - self.outbox.recorded + self._to_be_told

    def recover(self) -> None:
        """Goes on from the newest whole snapshot, from the journal's beginning without one."""
        checkpoint, problems = self._checkpoints.newest()
        for problem in problems:
            _log.warning("snapshot passed over", problem=problem)
        if checkpoint is None:
            return
        controls.restore(self.engine, checkpoint.controls)
        self.changes.restore(checkpoint.changes)
        self.engine.restore(checkpoint.engine)
        self._ordering.restore(checkpoint.ordering)
        self._controls = dict(checkpoint.controls)
        self.poisoned = Counter(checkpoint.poisoned)
        self.health.restore(checkpoint.health)
        self.shown.restore(checkpoint.shown)
        self.corrections = Corrections.from_state(checkpoint.corrections)
        self._note_due()
        self.outbox = Outbox(checkpoint.revisions_made)
        self.outbox.put_messages([alert_pb2.Alert.FromString(each) for each in checkpoint.unsent])
        self.next_sequence = self.snapshot_sequence = checkpoint.next_sequence
        _log.info("recovered", next_sequence=self.next_sequence)

    async def run(self, records: AsyncIterator[JournalRecord], on_progress: Callable[[], None] = lambda: None) -> None:
        """Consumes journal records, for ever."""
        async for record in records:
            if record.first_sequence != self.next_sequence:
                raise RuntimeError(f"expected journal position {self.next_sequence}, found {record.first_sequence}")
            async with self.turn:
                await self._take(record)
                self.next_sequence = record.first_sequence + record.row_count
                self.progressed.set()
                on_progress()
                await self._maybe_snapshot()

    async def _take(self, record: JournalRecord) -> None:
        if record.kind == ingest_pb2.RECORD_KIND_CONTROL:
            self._control(record)
            await self.changes.until(lambda: not self.changes.full)
            return
        try:
            frames = released(record, self._ordering)
        except FrameError as error:
            self.poisoned["?"] += record.row_count
            _log.error("poisoned frame", sequence=record.first_sequence, problem=str(error))
            return
        for frame in frames:
            self.corrections.observe(frame)
            await self._evaluate(frame)
        self._tell_left_behind()
        if record.kind == ingest_pb2.RECORD_KIND_MARK:
            observed = self.health.take(json.loads(record.payload), self.engine)
            self.outbox.put_messages([to_message(alert) for alert in observed])
        self._note_due()

    def _tell_left_behind(self) -> None:
        """Says which sources have come to lag so far that order is no longer kept for them."""
        counted = self._ordering.left_behind
        for source in sorted(source for source in counted if counted[source] > self._left_told[source]):
            _log.warning("source too far behind to wait for", source=source, held_rows_max=HELD_ROWS_MAX)
        self._left_told = Counter(counted)

    def _note_due(self) -> None:
        if self.corrections.pending:
            self.corrections_due.set()

    async def _evaluate(self, frame: Frame) -> None:
        """Gives the engine at most 4096 events a turn of the event loop."""
        self.shown.take(frame)
        for part in turns(frame):
            messages = [to_message(alert) for alert in self.engine.process(part)]
            self.outbox.put_messages(messages)
            self.corrections.raised.take(messages)
            if len(self.engine.faults) != len(self._faults_told):
                self._tell_faults()
            if part is not frame:
                await asyncio.sleep(0)
        if self.outbox.full:
            await self.outbox.until(lambda: not self.outbox.full)

    def _control(self, record: JournalRecord) -> None:
        problem, before = "", Standing.of(self.engine)
        try:
            self._controls.update(controls.take(self.engine, record.payload))
        except controls.ControlError as error:
            problem = str(error)
            _log.error("control record refused, what was in force stays", problem=problem)
        self.changes.take(record, problem, before, Standing.of(self.engine))
        self._tell_faults()

    def _tell_faults(self) -> None:
        """Says which rules have become faulty."""
        faults = self.engine.faults
        for rule_id in faults.keys() - self._faults_told.keys():
            _log.error("rule faulty, out of force", rule=rule_id, problem=faults[rule_id])
        self._faults_told = faults

    @property
    def is_configured_by_journal(self) -> bool:
        """Whether rules and parameters in force are those of a control record, whatever the settings say."""
        return controls.CONFIGURATION in self._controls

    @property
    def faulty(self) -> dict[str, str]:
        """Rules from outside the catalogue that are out of force or not taken, and why."""
        return {**self.rule_problems, **self.engine.faults}

    @property
    def user_rules(self) -> Mapping[str, Mapping[str, Any]]:
        """Rules from outside the catalogue by id, with form and SHA-256 of their texts, as the newest record says."""
        content = self._controls.get(controls.RULES)
        rules: Mapping[str, Mapping[str, Any]] = {} if content is None else json.loads(content)["user_rules"]
        return rules

    async def _maybe_snapshot(self) -> None:
        due = self.next_sequence >= self.snapshot_sequence + self._snapshot_every_rows
        if due and (self._snapshot_task is None or self._snapshot_task.done()):
            if self._snapshot_task is not None:
                self._snapshot_task.result()
            engine = await asyncio.to_thread(self.engine.freeze)  # what it copies, it copies beside the event loop
            self._snapshot_task = asyncio.create_task(self._store(self.checkpoint(engine)))

    def checkpoint(self, engine: Frozen, told: Sequence[alert_pb2.Alert] | None = None) -> Checkpoint:
        """The state as of `next_sequence`; with what is to be told in it, alerts on their way are kept in it too.

        It is written later, and shares nothing with what goes on.
        """
        on_their_way = [] if told is None else [*self.outbox.pending, *told]
        return Checkpoint(
            self.next_sequence,
            engine,
            _as_of_now(self._ordering.state()),
            self.outbox.made if told is None else self.outbox.recorded,
            dict(self._controls),
            dict(self.poisoned),
            _as_of_now(self.corrections.state()),
            [message.SerializeToString() for message in on_their_way],
            _as_of_now(self.health.state()),
            _as_of_now(self.shown.state()),
            _as_of_now(self.changes.state()),
        )

    async def _store(self, checkpoint: Checkpoint) -> None:
        """Writes a snapshot once every alert made before it is durable, so that none can be lost with the process."""
        adopted = self._adopted
        await self.outbox.until(lambda: self.outbox.recorded >= checkpoint.revisions_made)
        async with self._writing:
            if adopted == self._adopted:  # else a corrected engine's snapshot has taken its place
                await self._write(checkpoint)

    async def _write(self, checkpoint: Checkpoint) -> None:
        await asyncio.to_thread(self._checkpoints.write, checkpoint)
        if not checkpoint.corrections["pending"]:
            await asyncio.to_thread(self.starts.keep, self._checkpoints.path_of(checkpoint), checkpoint)
        self.snapshot_sequence = checkpoint.next_sequence

    async def adopt(self, engine: Engine, told: Sequence[alert_pb2.Alert]) -> None:
        """Goes on with a corrected engine that has come as far, and tells of the alerts that changed.

        The caller holds `turn` and has brought `corrections` up to date. Nothing is told before the state that tells
        it is durable: were the process killed between, another run would come to tell other things under the same
        revisions.
        """
        self.engine = engine
        self._adopted += 1
        self._to_be_told = len(told)
        async with self._writing:
            engine_state = await asyncio.to_thread(engine.freeze)
            await self._write(self.checkpoint(engine_state, told))
        self._to_be_told = 0
        self.outbox.put_messages(told)


def _as_of_now(state: Any) -> Any:
    """A copy of plain values; packing and unpacking them is much faster than a deep copy."""
    return Frozen.of(state).state()
