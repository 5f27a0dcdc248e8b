"""Alert revisions on their way to the case service: numbered, kept for streaming, sent until acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

from surveillance.v1 import alert_pb2
from tapewatch.alert import Alert, to_message
from tapewatch.runtime.errors import OutOfRange

HELD_MAX: Final = 20_000
PENDING_MAX: Final = 50_000
BATCH_MAX: Final = 1_000


class Recorder(Protocol):
    """Where alerts go; `record_alerts` returns once they are durable and is repeated while the store is away."""

    async def record_alerts(self, alerts: Sequence[alert_pb2.Alert], patience_s: float | None) -> object:
        """Stores alert revisions, in order."""


class Outbox:
    """Numbers revisions from the journal's beginning, so that a cursor means the same after a restart.

    `made` have been made, `recorded` of them are durable in the case service. The last 20,000 can be streamed again.
    """

    def __init__(self, made: int = 0) -> None:
        self.made = made
        self.recorded = made
        self._held: deque[alert_pb2.Alert] = deque(maxlen=HELD_MAX)
        self._pending: deque[alert_pb2.Alert] = deque()
        self._changed = asyncio.Event()

    def put(self, alerts: Sequence[Alert]) -> None:
        """Takes alert revisions, in order."""
        self.put_messages([to_message(alert) for alert in alerts])

    def put_messages(self, messages: Sequence[alert_pb2.Alert]) -> None:
        """Takes alert revisions as messages, in order."""
        self._held.extend(messages)
        self._pending.extend(messages)
        if messages:
            self.made += len(messages)
            self._ring()

    @property
    def pending(self) -> tuple[alert_pb2.Alert, ...]:
        """The revisions not yet recorded, in order."""
        return tuple(self._pending)

    @property
    def full(self) -> bool:
        """Whether the engine should wait for the case service."""
        return len(self._pending) >= PENDING_MAX

    async def run(self, recorder: Recorder) -> None:
        """Sends what is pending, for ever; ends only with an error the case service will not get over."""
        while True:
            await self.until(lambda: bool(self._pending))
            batch = [self._pending[index] for index in range(min(len(self._pending), BATCH_MAX))]
            await recorder.record_alerts(batch, None)
            for _ in batch:
                self._pending.popleft()
            self.recorded += len(batch)
            self._ring()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition on the outbox holds."""
        while not condition():
            await self._changed.wait()

    async def revisions(self, cursor: str) -> AsyncIterator[tuple[alert_pb2.Alert, str]]:
        """Revisions behind a cursor ("": from now on, "0": all still held) with their cursors, then live.

        Raises OutOfRange for a cursor whose next revision is no longer held, or that was never given.
        """
        position = self._position(cursor)
        while True:
            while position >= self.made:
                await self._changed.wait()
            oldest = self.made - len(self._held)
            if position < oldest:
                raise OutOfRange("CURSOR_TOO_OLD", f"revision {position} is no longer held, the oldest is {oldest}")
            alert = self._held[position - oldest]
            position += 1
            yield alert, str(position)

    def _position(self, cursor: str) -> int:
        if cursor == "":
            return self.made
        if cursor == "0":
            return self.made - len(self._held)
        if not cursor.isdecimal() or int(cursor) > self.made:
            raise OutOfRange("CURSOR_UNKNOWN", f"expected a cursor of 0 to {self.made}, found {cursor!r}")
        return int(cursor)

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
