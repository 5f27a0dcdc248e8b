"""A session we open: it connects, logs on, and connects again when the line is lost."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tapewatch.fix.codec import Field
from tapewatch.fix.session import Session, SessionConfig, SessionEvent
from tapewatch.fix.store import SessionStore
from tapewatch.fix.transport.application import (
    Application,
    Clock,
    EventSink,
    IgnoringApplication,
    Recorder,
)
from tapewatch.fix.transport.backoff import Backoff
from tapewatch.fix.transport.connection import SessionConnection

SENDS_BEFORE_YIELD = 256
LOGON_WAIT_S = 30.0
SHUT_POLL_S = 0.5
CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How an initiator proves the server and itself; the server's certificate must be for ``server_name``."""

    context: ssl.SSLContext
    server_name: str


class InitiatorSession:
    """A session we open. It reconnects by itself, and the peer asks for what it missed: nothing sent is lost."""

    def __init__(
        self,
        host: str,
        port: int,
        config: SessionConfig,
        store: SessionStore,
        application: Application | None = None,
        *,
        clock: Clock = time.time_ns,
        on_event: EventSink | None = None,
        recorder: Recorder | None = None,
        backoff: Backoff | None = None,
        tls: ClientTls | None = None,
        messages_a_second_max: int = 0,
    ) -> None:
        self._host = host
        self._port = port
        self.session = Session(config, store)
        self._application = application or IgnoringApplication()
        self._clock = clock
        self._on_event = on_event
        self._recorder = recorder
        self._backoff = backoff or Backoff()
        self._tls = tls
        self._messages_a_second_max = messages_a_second_max
        self.connection: SessionConnection | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._unyielded_count = 0
        self._tests = 0
        self._is_closing = self._has_ended = False
        self.last_event = ""

    @property
    def is_active(self) -> bool:
        """Whether the session is logged on now."""
        return self.connection is not None and self.connection.is_active

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Sends one application message and returns its MsgSeqNum; waits while logged out or the peer is slow.

        ``fields`` are (tag, value) pairs in wire order without 8, 9, 35, 49, 56, 34, 52 and 10; a value is str, int,
        float (shortest decimal text), bytes or bool (Y/N). Raises ValueError for a value that cannot be sent.
        """
        connection = self.connection
        while connection is None or not connection.is_active or not connection.is_writable:
            await self._change()
            connection = self.connection
        sequence = connection.send(msg_type, fields)
        self._unyielded_count += 1
        if self._unyielded_count >= SENDS_BEFORE_YIELD:
            self._unyielded_count = 0
            await asyncio.sleep(0)
        return sequence

    async def drained(self, timeout_s: float = 30.0) -> None:
        """Returns when the peer answered a TestRequest sent after everything before it.

        The peer has then received every message in sequence, over reconnects too. Raises TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            while not await self._answered_test():
                await self._change()

    async def logged_on(self, timeout_s: float = LOGON_WAIT_S) -> None:
        """Returns once logged on; raises ConnectionError naming the address and the last thing that happened."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_active:
                    await self._change()
        except TimeoutError:
            raise ConnectionError(
                f"expected a FIX logon at {self._host}:{self._port} within {timeout_s:g} s, "
                f"got {self.last_event or 'nothing'}; is the gateway running and the session configured there?"
            ) from None

    async def run(self) -> None:
        """Connects and reconnects with backoff until closed; cancel to stop."""
        try:
            while not self._is_closing:
                if self._is_shut:
                    await asyncio.sleep(SHUT_POLL_S)
                    continue
                self._backoff.ended(await self._connect_once())
                if not self._is_closing:
                    await asyncio.sleep(self._backoff.next_delay_s())
        finally:
            self._has_ended = True
            self._wake()

    async def logout(self) -> None:
        """Logs out and waits for the end of the connection."""
        self._is_closing = True
        connection = self.connection
        if connection is None:
            return
        connection.take(self.session.logout(self._clock()))
        while not connection.is_closed:
            await self._change()

    @property
    def _is_shut(self) -> bool:
        """Whether the session's hours are over: then nobody is asked."""
        schedule = self.session.config.schedule
        return schedule is not None and not schedule.is_open(self._clock())

    async def _connect_once(self) -> float:
        """One connection from begin to end; returns how many seconds it was logged on."""
        loop = asyncio.get_running_loop()
        context, server_name = (self._tls.context, self._tls.server_name) if self._tls else (None, None)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, connection = await loop.create_connection(
                    self._new_connection, self._host, self._port, ssl=context, server_hostname=server_name
                )
        except OSError as error:  # also when TLS fails or takes too long
            text = f"no connection: {_text(error)}"
            self._note(self.session.config.source, SessionEvent("refused", text))
            self.last_event = text
            return 0.0
        self.connection = connection
        try:
            await connection.run()
        finally:
            self.connection = None
            self._wake()
        return 0.0 if connection.active_since_s is None else loop.time() - connection.active_since_s

    def _new_connection(self) -> "_NotifyingConnection":
        return _NotifyingConnection(
            self.session,
            self._application,
            self._clock,
            self._note,
            self._recorder,
            messages_a_second_max=self._messages_a_second_max,
            wake=self._wake,
        )

    async def _answered_test(self) -> bool:
        connection = self.connection
        if connection is None or not connection.is_active:
            return False
        self._tests += 1
        text = f"drained-{self._tests}"
        connection.take(self.session.test(text, self._clock()))
        while self.session.answered_test != text:
            if self.connection is not connection:
                return False
            await self._change()
        return True

    def _note(self, session_name: str, event: SessionEvent) -> None:
        self.last_event = f"{event.kind}: {event.text}"
        if self._on_event is not None:
            self._on_event(session_name, event)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def _change(self) -> None:
        """Waits for anything to happen; raises ConnectionError when nothing can any more."""
        if self._has_ended:
            raise ConnectionError(f"the FIX session {self.session.config.source} has ended: {self.last_event}")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class _NotifyingConnection(SessionConnection):
    """A connection that wakes its initiator whenever anything changes, and knows since when it is logged on."""

    def __init__(self, *arguments: Any, wake: Callable[[], None], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._wake = wake
        self.active_since_s: float | None = None

    def _notify(self) -> None:
        super()._notify()
        if self.active_since_s is None and self.is_active:
            self.active_since_s = asyncio.get_running_loop().time()
        self._wake()


def _text(error: OSError) -> str:
    return str(error) or f"not within {CONNECT_TIMEOUT_S:g} s"


@asynccontextmanager
async def open_session(
    host: str,
    port: int,
    config: SessionConfig,
    store: SessionStore,
    application: Application | None = None,
    *,
    logon_wait_s: float = LOGON_WAIT_S,
    clock: Clock = time.time_ns,
    on_event: EventSink | None = None,
    backoff: Backoff | None = None,
    tls: ClientTls | None = None,
) -> AsyncIterator[InitiatorSession]:
    """Connects, logs on and yields the session; logs out and closes at the end of the block.

    A lost connection is opened again with backoff as long as the block runs. Raises ConnectionError when there is no
    logon within ``logon_wait_s``, and whatever the application raised.
    """
    initiator = InitiatorSession(
        host, port, config, store, application, clock=clock, on_event=on_event, backoff=backoff, tls=tls
    )
    running = asyncio.create_task(initiator.run(), name=f"fix:{config.source}")
    try:
        await initiator.logged_on(logon_wait_s)
        yield initiator
        await initiator.logout()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
