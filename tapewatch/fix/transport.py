"""FIX sessions over asyncio: a thin shell around the sans-IO session, for initiators and acceptors alike."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Protocol, cast

from tapewatch.fix.codec import Field, Message
from tapewatch.fix.session import Session, SessionConfig, SessionEvent, SessionOutput, State
from tapewatch.fix.store import SessionStore, StoreError

INBOX_MESSAGES_MAX = 4_000
INBOX_BYTES_MAX = 64 << 20
BATCH_MESSAGES_MAX = 1_000
WRITE_BATCH_BYTES = 64 << 10
UNREAD_BYTES_MAX = 16 << 20
SENDS_BEFORE_YIELD = 256
TICK_S = 0.5
SYNC_EVERY_TICKS = 2
DRAIN_AFTER_CLOSE_S = 5.0
RECONNECT_FIRST_S = 0.1
RECONNECT_MAX_S = 5.0
LOGON_WAIT_S = 30.0

Reply = tuple[str, Iterable[Field]]
Clock = Callable[[], int]
EventSink = Callable[[str, SessionEvent], None]


class HandOnError(Exception):
    """The application could not hand messages on: the connection ends and the peer will send them again."""


class Application(Protocol):
    """What takes the messages of a session: the hand-on is done when ``on_messages`` returns."""

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Takes messages in sequence; returns business replies (msg_type, fields), usually none.

        ``session_name`` is the source, ``FIX.4.4:THEM->US``. The inbound number is stored only after this returned;
        raise HandOnError to end the connection with the messages not counted as received.
        """
        ...

    async def on_logon(self, session_name: str) -> None:
        """The session is logged on; called before its messages."""
        ...

    async def on_logout(self, session_name: str) -> None:
        """The peer logged out in good order and everything it sent is handed on. Called at no other end."""
        ...


class IgnoringApplication:
    """Takes everything and answers nothing: for sessions that only send."""

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Ignores the messages."""
        return ()

    async def on_logon(self, session_name: str) -> None:
        """Does nothing."""

    async def on_logout(self, session_name: str) -> None:
        """Does nothing."""


class SessionConnection(asyncio.Protocol):
    """One connection of one session: bytes in and out, ticks, and the inbox the application empties.

    The owner awaits ``run``, which ends when the connection is gone and what came is handed on.
    """

    def __init__(
        self, session: Session, application: Application, clock: Clock, on_event: EventSink | None = None
    ) -> None:
        self.session = session
        self._application = application
        self._clock = clock
        self._on_event = on_event
        self._transport: asyncio.Transport | None = None
        self._inbox: deque[Message] = deque()
        self._inbox_bytes = 0
        self._outbox = bytearray()
        self._is_flush_due = False
        self._is_reading = True
        self._is_logon_due = False
        self._failure: Exception | None = None
        self._ticks = 0
        self.is_writable = True
        self.is_closed = False
        self.changed = asyncio.Event()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the session on this connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._take(self.session.connected(self._clock()))
        asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def data_received(self, data: bytes) -> None:
        """Takes bytes as they came."""
        if not self.is_closed:
            with self._store_guard():
                self._take(self.session.receive(data, self._clock()))

    def pause_writing(self) -> None:
        """The peer reads slowly: senders wait."""
        self.is_writable = False

    def resume_writing(self) -> None:
        """Senders go on."""
        self.is_writable = True
        self._continue_resend()
        self._notify()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.is_closed = True
        self._notify()

    # -- for the owner

    async def run(self) -> None:
        """Hands on what comes until the connection is closed.

        Raises what the application raises but HandOnError, and what the store raised: nothing can go on without it.
        """
        try:
            while not self.is_closed or self._inbox:
                if self._inbox or self._is_logon_due:
                    limit_s = DRAIN_AFTER_CLOSE_S if self.is_closed else None
                    await asyncio.wait_for(self._hand_on(), limit_s)
                else:
                    await self.changed.wait()
                    self.changed.clear()
            if self.session.peer_is_done:
                told = self._application.on_logout(self.session.config.source)
                await asyncio.wait_for(told, DRAIN_AFTER_CLOSE_S)
        except (HandOnError, TimeoutError) as error:
            self._report(SessionEvent("refused", f"messages were not handed on: {error}"))
        finally:
            self.close()
            self.session.disconnected()
            self.session.store.sync()
        if self._failure is not None:
            raise self._failure

    def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Sends one business message; returns its number."""
        sequence, data = self.session.send(msg_type, fields, self._clock())
        self._write(data)
        return sequence

    def take(self, output: SessionOutput) -> None:
        """Carries out what a step of the session asks for."""
        self._take(output)

    def close(self) -> None:
        """Sends what waits and closes."""
        if self._transport is not None and not self._transport.is_closing():
            self._flush()
            self._transport.close()
        self.is_closed = True
        self._notify()

    @property
    def is_active(self) -> bool:
        """Whether the session is logged on here."""
        return not self.is_closed and self.session.state is State.ACTIVE

    # -- parts

    @contextlib.contextmanager
    def _store_guard(self) -> Iterator[None]:
        """Callbacks of the loop have no caller to raise to: a store that fails ends the connection and ``run``."""
        try:
            yield
        except (OSError, StoreError) as error:
            self._failure = error
            self.is_closed = True
            if self._transport is not None:
                self._transport.abort()
            self._notify()

    def _take(self, output: SessionOutput) -> None:
        for event in output.events:
            self._report(event)
            self._is_logon_due |= event.kind == "logon"
        if output.data:
            self._write(output.data)
        if output.messages:
            self._inbox.extend(output.messages)
            self._inbox_bytes += sum(len(message.raw) for message in output.messages)
            self._pause_if_full()
        if output.disconnect:
            self.close()
        elif self.session.is_resending:
            self._continue_resend()
        self._notify()

    def _continue_resend(self) -> None:
        if self.session.is_resending and self.is_writable and not self.is_closed:
            asyncio.get_running_loop().call_soon(self._resend_batch)

    def _resend_batch(self) -> None:
        if self.is_writable and not self.is_closed and self.session.is_resending:
            with self._store_guard():
                self._take(self.session.resend_more(self._clock()))
                self._flush()

    async def _hand_on(self) -> None:
        if self._is_logon_due:
            self._is_logon_due = False
            await self._application.on_logon(self.session.config.source)
        if not self._inbox:
            return
        batch = list(islice(self._inbox, BATCH_MESSAGES_MAX))
        replies = await self._application.on_messages(self.session.config.source, batch)
        for _ in batch:
            self._inbox_bytes -= len(self._inbox.popleft().raw)
        self.session.confirm(batch[-1])
        for msg_type, fields in replies:
            self.send(msg_type, fields)
        self.session.store.flush()
        self._resume_if_room()

    def _pause_if_full(self) -> None:
        is_full = len(self._inbox) >= INBOX_MESSAGES_MAX or self._inbox_bytes >= INBOX_BYTES_MAX
        if is_full and self._is_reading and self._transport is not None and not self.is_closed:
            self._is_reading = False
            self.session.pause_inbound()
            self._transport.pause_reading()

    def _resume_if_room(self) -> None:
        has_room = len(self._inbox) <= INBOX_MESSAGES_MAX // 2 and self._inbox_bytes <= INBOX_BYTES_MAX // 2
        if has_room and not self._is_reading and self._transport is not None and not self.is_closed:
            self._is_reading = True
            self.session.resume_inbound(self._clock())
            self._transport.resume_reading()

    def _write(self, data: bytes | bytearray) -> None:
        self._outbox += data
        if len(self._outbox) >= WRITE_BATCH_BYTES:
            self._flush()
        elif not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self._flush_due)

    def _flush_due(self) -> None:
        with self._store_guard():
            self._flush()

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._outbox and self._transport is not None and not self._transport.is_closing():
            self.session.store.flush()
            self._transport.write(bytes(self._outbox))
            self._outbox.clear()
            if self._transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
                self._report(SessionEvent("refused", f"the peer leaves {UNREAD_BYTES_MAX} bytes unread"))
                self._transport.abort()

    def _tick(self) -> None:
        if self.is_closed:
            return
        self._ticks += 1
        with self._store_guard():
            if self._ticks % SYNC_EVERY_TICKS == 0:
                self.session.store.sync()
            self._take(self.session.tick(self._clock()))
        asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _report(self, event: SessionEvent) -> None:
        if self._on_event is not None:
            self._on_event(self.session.config.source, event)

    def _notify(self) -> None:
        self.changed.set()


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
    ) -> None:
        self._host = host
        self._port = port
        self._session = Session(config, store)
        self._application = application or IgnoringApplication()
        self._clock = clock
        self._on_event = on_event
        self._connection: SessionConnection | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._unyielded_count = 0
        self._tests = 0
        self._is_closing = self._has_ended = False
        self.last_event = ""

    @property
    def is_active(self) -> bool:
        """Whether the session is logged on now."""
        return self._connection is not None and self._connection.is_active

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Sends one application message and returns its MsgSeqNum; waits while logged out or the peer is slow.

        ``fields`` are (tag, value) pairs in wire order without 8, 9, 35, 49, 56, 34, 52 and 10; a value is str, int,
        float (shortest decimal text), bytes or bool (Y/N). Raises ValueError for a value that cannot be sent.
        """
        connection = self._connection
        while connection is None or not connection.is_active or not connection.is_writable:
            await self._change()
            connection = self._connection
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
        delay_s = RECONNECT_FIRST_S
        try:
            while not self._is_closing:
                if await self._connect_once():
                    delay_s = RECONNECT_FIRST_S
                if not self._is_closing:
                    await asyncio.sleep(delay_s)
                    delay_s = min(delay_s * 2, RECONNECT_MAX_S)
        finally:
            self._has_ended = True
            self._wake()

    async def logout(self) -> None:
        """Logs out and waits for the end of the connection."""
        self._is_closing = True
        connection = self._connection
        if connection is None:
            return
        connection.take(self._session.logout(self._clock()))
        while not connection.is_closed:
            await self._change()

    async def _connect_once(self) -> bool:
        """One connection from begin to end; tells whether it was logged on."""
        loop = asyncio.get_running_loop()

        def protocol() -> SessionConnection:
            return _NotifyingConnection(self._session, self._application, self._clock, self._note, self._wake)

        try:
            _, connection = await loop.create_connection(protocol, self._host, self._port)
        except OSError as error:
            self.last_event = f"no connection: {error}"
            return False
        self._connection = connection
        try:
            await connection.run()
        finally:
            self._connection = None
            self._wake()
        return cast(_NotifyingConnection, connection).was_active

    async def _answered_test(self) -> bool:
        connection = self._connection
        if connection is None or not connection.is_active:
            return False
        self._tests += 1
        text = f"drained-{self._tests}"
        connection.take(self._session.test(text, self._clock()))
        while self._session.answered_test != text:
            if self._connection is not connection:
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
            raise ConnectionError(f"the FIX session {self._session.config.source} has ended: {self.last_event}")
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


class _NotifyingConnection(SessionConnection):
    """A connection that wakes its initiator whenever anything changes."""

    def __init__(
        self,
        session: Session,
        application: Application,
        clock: Clock,
        on_event: EventSink,
        wake: Callable[[], None],
    ) -> None:
        super().__init__(session, application, clock, on_event)
        self._wake = wake
        self.was_active = False

    def _notify(self) -> None:
        super()._notify()
        self.was_active |= self.is_active
        self._wake()


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
) -> AsyncIterator[InitiatorSession]:
    """Connects, logs on and yields the session; logs out and closes at the end of the block.

    A lost connection is opened again with backoff as long as the block runs. Raises ConnectionError when there is no
    logon within ``logon_wait_s``, and whatever the application raised.
    """
    initiator = InitiatorSession(host, port, config, store, application, clock=clock, on_event=on_event)
    running = asyncio.create_task(initiator.run(), name=f"fix:{config.source}")
    try:
        await initiator.logged_on(logon_wait_s)
        yield initiator
        await initiator.logout()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
