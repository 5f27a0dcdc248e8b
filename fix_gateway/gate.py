"""What a connection talks to until its first message says which session it is."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from fix_gateway.refusal import Refusal, RefusalReason, refusal
from fix_gateway.tls import certificate_names
from tapewatch.fix.codec import Framer, Garbled, Message
from tapewatch.fix.transport import SessionConnection
from tapewatch.fix.transport.connection import DRAIN_AFTER_CLOSE_S

LOGON_BYTES_MAX = 64 << 10
WAIT_FOR_SESSION_MAX_S = DRAIN_AFTER_CLOSE_S + 1.0
"""For what came on the session's last connection to be handed on; reading waits meanwhile."""


class Doorkeeper(Protocol):
    """Who decides about connections."""

    def enter(self, host: str) -> Refusal | None:
        """Takes a connection from an address, or says why not."""
        ...

    def leave(self, host: str) -> None:
        """A connection that was taken is gone."""
        ...

    def open(self, logon: Message, host: str, names: frozenset[str]) -> SessionConnection | Refusal | asyncio.Event:
        """The connection for the session a Logon names; ``names`` are those its certificate proves.

        An event: the session's last connection is gone and not done; ask again once it is set.
        """
        ...

    def report(self, event: Refusal) -> None:
        """Passes a refusal on."""
        ...


class Gate(asyncio.Protocol):
    """Holds at most LOGON_BYTES_MAX of a connection, and no longer than to ``deadline_s`` of the loop's clock."""

    def __init__(
        self, keeper: Doorkeeper, host: str, deadline_s: float, on_gone: "Callable[[Gate, str], None]"
    ) -> None:
        self.is_gone = False
        self._keeper = keeper
        self.host = host
        self.deadline_s = deadline_s
        self._on_gone = on_gone
        self._transport: asyncio.Transport | None = None
        self._connection: SessionConnection | None = None
        self._framer = Framer(LOGON_BYTES_MAX, ends_at_trailer=True)
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._logon: Message | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for the Logon."""
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self.deadline_s, self._refuse, "logon_timeout", "no Logon in time")

    def data_received(self, data: bytes) -> None:
        """Collects bytes until the first whole message, then hands all of them to its session."""
        if self._connection is not None:
            self._connection.data_received(data)
            return
        if self._is_refused or self._transport is None:
            return
        looked_at = data[: LOGON_BYTES_MAX + 1 - len(self._received)]
        self._received += data
        if self._logon is not None:
            return
        first = next(iter(self._framer.feed(looked_at)), None)
        if isinstance(first, Garbled) or (first is None and self._framer.skipped_byte_count):
            self._refuse("not_a_logon", "what came first is no FIX message")
            return
        if first is None:
            if len(self._received) > LOGON_BYTES_MAX:
                self._refuse("logon_bytes", f"no Logon in the first {LOGON_BYTES_MAX} bytes")
            return
        self._cancel_timer()
        self._logon = first
        self._knock(first, self._transport)

    def _knock(self, logon: Message, transport: asyncio.Transport) -> None:
        """Asks for the session; the bytes so far are its own then."""
        found = self._keeper.open(logon, self.host, certificate_names(transport))
        if isinstance(found, asyncio.Event):
            transport.pause_reading()
            self._waiting = asyncio.create_task(self._knock_again(found, logon, transport))
        elif isinstance(found, Refusal):
            self._turn_away(found)
        else:
            self._connection = found
            found.connection_made(transport)
            found.data_received(bytes(self._received))
            self._received.clear()

    async def _knock_again(self, is_free: asyncio.Event, logon: Message, transport: asyncio.Transport) -> None:
        try:
            async with asyncio.timeout(WAIT_FOR_SESSION_MAX_S):
                await is_free.wait()
        except TimeoutError:
            self._refuse("logged_on", "what came on the session's last connection is still being handed on")
        else:
            transport.resume_reading()
            self._knock(logon, transport)

    def pause_writing(self) -> None:
        """Passes on."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Passes on."""
        if self._connection is not None:
            self._connection.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Passes on and frees the place."""
        self._cancel_timer()
        if self._waiting is not None:
            self._waiting.cancel()
        self.free()
        if self._connection is not None:
            self._connection.connection_lost(error)

    def close(self) -> None:
        """Hangs up; a peer that does not answer TLS's farewell is not waited for."""
        if self._transport is None:
            return
        if self._transport.get_extra_info("ssl_object") is not None:
            self._transport.abort()
        else:
            self._transport.close()

    def free(self) -> None:
        """Gives the place back, once."""
        if not self.is_gone:
            self.is_gone = True
            self._on_gone(self, self.host)

    def _refuse(self, reason: RefusalReason, text: str) -> None:
        self._turn_away(refusal(reason, self.host, text))

    def _turn_away(self, problem: Refusal) -> None:
        self._is_refused = True
        self._received.clear()
        self._cancel_timer()
        self._keeper.report(problem)
        self.close()
        self.free()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
