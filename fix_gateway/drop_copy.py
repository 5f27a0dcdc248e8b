"""The application of a drop copy: messages become events, and the hand-on is done when ingest has them durably."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from fix_gateway.metrics import GatewayMetrics
from fix_gateway.sink import EventSink
from tapewatch.client.ingest import PublishResult
from tapewatch.fix.codec import Message
from tapewatch.fix.profile import Profile
from tapewatch.fix.transport import Clock, Reply
from tapewatch.fix.wire.mapper import Batch
from tapewatch.market.frame import Frame

ROWS_A_FRAME_MAX = 10_000
NOTES_LOGGED_MAX = 100

_log = structlog.get_logger(__name__)


class DropCopyApplication:
    """Maps by the session's profile and publishes; sends no business replies."""

    hand_ons_max = 8

    def __init__(self, sink: EventSink, profiles: Mapping[str, Profile], metrics: GatewayMetrics, clock: Clock) -> None:
        self._sink = sink
        self._batches = {name: Batch(profile) for name, profile in profiles.items()}
        self._metrics = metrics
        self._clock = clock
        self._noted: set[tuple[str, str]] = set()
        self._turns = {name: asyncio.Lock() for name in profiles}

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Publishes the events of the messages and returns when they are durable."""
        frame = self._frame(session_name, messages)
        sent: list[asyncio.Future[PublishResult]] = []
        try:
            async with self._turns[session_name]:  # the next batch leaves behind all of this one
                for start in range(0, frame.row_count, ROWS_A_FRAME_MAX):
                    part = frame.slice(start, start + ROWS_A_FRAME_MAX)
                    sent.append(await self._sink.submit(part))
            for answer in sent:
                self._count(session_name, await answer)
        finally:
            for answer in sent:
                answer.cancel()  # nobody waits for it any more; it does nothing where the answer came
        return ()

    def _count(self, session_name: str, result: PublishResult) -> None:
        self._metrics.events.labels(session_name).inc(result.journalled)
        self._metrics.duplicates.labels(session_name).inc(result.duplicates)
        if result.rejected:
            self._metrics.rejected.labels(session_name).inc(len(result.rejected))
            _log.warning(
                "ingest quarantined events",
                session=session_name,
                count=len(result.rejected),
                first=str(result.rejected[0]).replace("\n", " "),
            )

    async def on_logon(self, session_name: str) -> None:
        """Says that the source is there again, so that its silence is noticed."""
        await self._sink.start_of_source(session_name)

    async def on_logout(self, session_name: str) -> None:
        """Says that the source has ended, so that its silence is no gap."""
        await self._sink.end_of_source(session_name)

    def _frame(self, session_name: str, messages: Sequence[Message]) -> Frame:
        batch = self._batches[session_name]
        now_ns = self._clock()
        batch.add_all(messages, session_name, now_ns)
        frame, notes, types = batch.take()
        for note, is_mapped in notes:
            self._note(session_name, note, is_mapped)
        for msg_type, count in types.items():
            self._metrics.messages.labels(session_name, msg_type[:4]).inc(count)
        if frame.row_count:
            lag_ns = now_ns - int(frame.columns["event_time_ns"][-1])
            self._metrics.lag_seconds.labels(session_name).set(lag_ns / 1e9)
        return frame

    def _note(self, session_name: str, note: str, is_mapped: bool) -> None:
        """Counts every note, logs each kind once."""
        (self._metrics.flagged if is_mapped else self._metrics.unmapped).labels(session_name).inc()
        if (session_name, note) not in self._noted and len(self._noted) < NOTES_LOGGED_MAX:
            self._noted.add((session_name, note))
            _log.warning("message not fully mapped", session=session_name, note=note, mapped=is_mapped)
