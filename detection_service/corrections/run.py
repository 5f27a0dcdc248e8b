"""One correction run: begin where nothing is wrong yet, evaluate what came since in corrected order, take over.

The run goes through the journal beside the live consumer, at most 4096 events a turn of the event loop. When it has
come as far as the consumer, its engine takes the live one's place, and what it found otherwise is told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

import grpc
import structlog

from detection_service import controls
from detection_service.checkpoint import Checkpoint, CheckpointError
from detection_service.consumer import Consumer
from detection_service.corrections.amendments import Name
from detection_service.corrections.corrected_order import LATE_ROWS_MAX, CorrectedOrder, Found, Survey
from detection_service.corrections.reasons import Reasons
from detection_service.corrections.starts import Start
from detection_service.corrections.state import NEVER_NS, Corrections
from detection_service.engine.engine import Engine
from detection_service.ordering import Ordering, of_one_venue, released, turns
from surveillance.v1 import alert_pb2, ingest_pb2
from tapewatch.alert import to_message
from tapewatch.client.errors import ClientError
from tapewatch.client.wire import JournalRecord
from tapewatch.market.frame import Frame, FrameError

GAP_ROWS_MAX: Final = 65_536
Read = Callable[[int], AsyncGenerator[JournalRecord, None]]
"""Journal records from a position on."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A start, its state (None at the journal's beginning) and what came after it that is to be put right."""

    start: Start
    checkpoint: Checkpoint | None
    found: Found

    @property
    def known(self) -> Corrections:
        """What was known of corrections there."""
        return Corrections.from_state(self.checkpoint.corrections if self.checkpoint else {})

    @property
    def ordering(self) -> Ordering:
        """What was held back there."""
        ordering = Ordering()
        if self.checkpoint is not None:
            ordering.restore(self.checkpoint.ordering)
        return ordering


class Run:
    """Puts right everything that came before `until`; `unknown` are the executions asked for and found nowhere."""

    def __init__(self, consumer: Consumer, read: Read, wanted: set[Name], earliest_ns: int) -> None:
        self.until = consumer.next_sequence
        self.unknown: set[Name] = set()
        self.told: Counter[str] = Counter()
        self._consumer = consumer
        self._read = read
        self._amendments = consumer.corrections.amendments.copy()
        self._wanted = self._amendments.originals(wanted)
        self._earliest_ns = earliest_ns

    async def survey(self) -> Surveyed | None:
        """The newest start from which everything can be put right; the furthest-reaching one where none can.

        None where nothing is to be done, or there is no start at all.
        """
        kept = self._consumer.starts
        starts = kept.newest_first()
        reach_ns = starts[-1].newest_ns if starts else 0
        wanted_ns = max(self._earliest_ns, reach_ns)
        surveyed: list[Surveyed] = []
        for start in starts:
            if start.newest_ns > wanted_ns or start.position > self.until:
                continue
            found = await self._survey(start, reach_ns)
            if found is None:
                continue
            surveyed.append(found)
            if not found.found.too_old and self._wanted <= found.found.names:
                break
        best = min(surveyed, key=self._shortfall, default=None)  # the first, hence newest, of equals
        if best is not None and not best.found.too_old:
            for each in surveyed:
                if each.found.too_old:
                    kept.discard(each.start)  # what has come since was before it: it will never serve
        found_names = self._wanted & best.found.names if best else set()
        self.unknown = self._wanted - found_names
        return best if found_names or self._earliest_ns != NEVER_NS else None

    def _shortfall(self, surveyed: Surveyed) -> tuple[int, int]:
        found = surveyed.found
        return found.too_old, len(self._wanted - found.names)

    async def _survey(self, start: Start, reach_ns: int) -> Surveyed | None:
        """What came after a start; None where it can not be used."""
        try:
            checkpoint = await asyncio.to_thread(start.load)
        except (CheckpointError, OSError) as error:
            _log.warning("start of corrections passed over", problem=str(error))
            return None
        surveyed = Surveyed(start, checkpoint, Found())
        survey = Survey(surveyed.known.lateness.newest, self._amendments, reach_ns)
        ordering = surveyed.ordering
        try:
            async with aclosing(_records(self._read, start.position, lambda: self.until)) as records:
                async for record in records:
                    for frame in _frames(record, ordering):
                        survey.take(frame)
                    await asyncio.sleep(0)
        except ClientError as error:
            if error.code is not grpc.StatusCode.OUT_OF_RANGE:
                raise
            self._consumer.starts.beginning_is_gone = True  # the journal is not kept that far back
            return None
        return Surveyed(start, checkpoint, survey.found)

    async def put_right(self, surveyed: Surveyed) -> None:
        """Evaluates what came after the start as it should have come, then takes the live engine's place.

        Raises TooManyLateError.
        """
        if surveyed.found.late_rows > LATE_ROWS_MAX:
            raise TooManyLateError(
                f"expected at most {LATE_ROWS_MAX} late events to put in their place at once, "
                f"found {surveyed.found.late_rows} since journal position {surveyed.start.position}"
            )
        replay = await asyncio.to_thread(_Replay, surveyed, self._consumer.new_engine)
        order = CorrectedOrder(replay.known.lateness.newest, self._amendments, surveyed.found)
        consumer = self._consumer
        async with aclosing(_records(self._read, replay.position, lambda: consumer.next_sequence)) as records:
            await self._replay_corrected(replay, order, records)
            await self._keep_as_start(replay, order)
            while consumer.next_sequence - replay.position > GAP_ROWS_MAX:
                await replay.take(await anext(records))
            async with consumer.turn:
                while replay.position < consumer.next_sequence:
                    await replay.take(await anext(records))
                await self._take_over(replay, order)

    async def _replay_corrected(
        self, replay: _Replay, order: CorrectedOrder, records: AsyncIterator[JournalRecord]
    ) -> None:
        while replay.position < self.until:
            record = await anext(records)
            for frame in replay.released(record):
                for corrected in order.put_right(frame):
                    await replay.evaluate(corrected)
            replay.position = record.next_sequence
        replay.known.corrected += order.corrected
        replay.known.removed += order.removed

    async def _keep_as_start(self, replay: _Replay, order: CorrectedOrder) -> None:
        """Keeps the corrected state as of `until`, from which the next run may begin."""
        replay.known.lateness = order.lateness
        engine = await asyncio.to_thread(replay.engine.freeze)
        checkpoint = Checkpoint(
            replay.position, engine, replay.ordering.state(), 0, dict(replay.controls), {},
            replay.known.state(),
        )  # fmt: skip
        await asyncio.to_thread(self._consumer.starts.write, checkpoint)

    async def _take_over(self, replay: _Replay, order: CorrectedOrder) -> None:
        held = self._consumer.corrections
        reasons = Reasons(order.changes, order.late_by_market)
        changes = list(held.raised.changes_to(replay.known.raised, reasons.of))
        told: list[alert_pb2.Alert] = [message for _, message in changes]
        self.told = Counter(kind for kind, _ in changes)
        held.raised.become(replay.known.raised, told)
        held.corrected, held.removed = replay.known.corrected, replay.known.removed
        changed = [each for each in order.changes if each.name in self._wanted]
        busted = sum(each.is_bust for each in changed)
        held.counts.add(
            runs=1,
            busted=busted,
            corrected_executions=len(changed) - busted,
            **{f"alerts_{kind}": count for kind, count in self.told.items()},
        )
        held.end_run(self.unknown)
        replay.engine.renumber(held.raised.revisions)
        await self._consumer.adopt(replay.engine, told)


class TooManyLateError(RuntimeError):
    """More late events than fit in memory; says how many."""


class _Replay:
    """An engine on its way through the journal from a start."""

    def __init__(self, surveyed: Surveyed, new_engine: Callable[[], Engine]) -> None:
        self.engine = new_engine()
        self.ordering = surveyed.ordering
        self.known = surveyed.known
        self.position = surveyed.start.position
        self.controls: dict[str, bytes] = {}
        if surveyed.checkpoint is not None:
            self.controls.update(surveyed.checkpoint.controls)
            controls.restore(self.engine, self.controls)
            self.engine.restore(surveyed.checkpoint.engine)

    def released(self, record: JournalRecord) -> list[Frame]:
        """What a record releases; a control record takes effect."""
        if record.kind == ingest_pb2.RECORD_KIND_CONTROL:
            with suppress(controls.ControlError):  # refused: the consumer has said so
                self.controls.update(controls.take(self.engine, record.payload))
            return []
        return list(_frames(record, self.ordering))

    async def take(self, record: JournalRecord) -> None:
        """A record as it came."""
        for frame in self.released(record):
            await self.evaluate(frame)
        self.position = record.next_sequence

    async def evaluate(self, frame: Frame) -> None:
        """A frame, a turn of the event loop at a time."""
        for part in turns(frame):
            self.known.raised.take([to_message(alert) for alert in self.engine.process(part)])
            await asyncio.sleep(0)


async def _records(read: Read, position: int, end: Callable[[], int]) -> AsyncGenerator[JournalRecord, None]:
    """Records from a position up to an end that may move on."""
    if position >= end():
        return
    async with aclosing(read(position)) as records:
        while position < end():
            record = await anext(records)
            position = record.next_sequence
            yield record


def _frames(record: JournalRecord, ordering: Ordering) -> list[Frame]:
    """What a record releases, each frame of one venue."""
    try:
        return [part for frame in released(record, ordering) for part in of_one_venue(frame)]
    except FrameError:
        return []  # poisoned: the consumer has counted it
