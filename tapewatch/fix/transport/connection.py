"""One connection of one session: a thin shell around the sans-IO session, for initiators and acceptors alike."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from tapewatch.fix.codec import Field
from tapewatch.fix.session import Session, SessionEvent, SessionOutput, State
from tapewatch.fix.store import StoreError
from tapewatch.fix.transport.application import Application, Clock, EventSink, HandOnError, NoRecorder, Recorder
from tapewatch.fix.transport.hand_on import HandOn
from tapewatch.fix.transport.throttle import Throttle

WRITE_BATCH_BYTES = 64 << 10
UNREAD_BYTES_MAX = 16 << 20
TICK_S = 0.5
SYNC_EVERY_TICKS = 2
DRAIN_AFTER_CLOSE_S = 5.0
GARBLED_A_READ_MAX = 1_000
"""Garbled messages are ignored as the standard says, but not by the thousand: others wait meanwhile."""

PauseReason = Literal["full", "throttled"]


@dataclass(slots=True)
class Traffic:
    """What a connection saw, over its life; times in ns since the epoch, 0 for never."""

    peer: str = ""
    connected_ns: int = 0
    received_ns: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    throttled_count: int = 0
    full_count: int = 0


class SessionConnection(asyncio.Protocol):
    """Bytes in and out, ticks, and the messages the application takes. The owner awaits ``run``.

    ``run`` ends when the connection is gone and what came is handed on. ``messages_a_second_max``: reading waits
    where the peer sends faster, 0 for any rate.
    """

    def __init__(
        self,
        session: Session,
        application: Application,
        clock: Clock,
        on_event: EventSink | None = None,
        recorder: Recorder | None = None,
        *,
        messages_a_second_max: int = 0,
    ) -> None:
        self.session = session
        self.traffic = Traffic()
        self._application = application
        self._clock = clock
        self._on_event = on_event
        self._recorder = recorder or NoRecorder()
        self._hand_on = HandOn(session, application, self._recorder)
        self._throttle = Throttle(messages_a_second_max)
        self._transport: asyncio.Transport | None = None
        self._outbox = bytearray()
        self._is_flush_due = False
        self._paused: set[PauseReason] = set()
        self._is_logon_due = False
        self._failure: BaseException | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._ticks = 0
        self.is_writable = True
        self.is_closed = False
        self.changed = asyncio.Event()
        self._closed = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when ``run`` is over."""

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins the session on this connection."""
        self._transport = cast(asyncio.Transport, transport)
        now_ns = self.traffic.connected_ns = self._clock()
        self.traffic.peer = peer_address(transport)
        self._recorder.connected(self.session, self.traffic.peer, now_ns)
        self._take(self.session.connected(now_ns))
        asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def data_received(self, data: bytes) -> None:
        """Takes bytes as they came."""
        if self.is_closed:
            return
        now_ns = self.traffic.received_ns = self._clock()
        self.traffic.received_bytes += len(data)
        self._recorder.received(data, now_ns)
        with self._store_guard():
            self._take(self.session.receive(data, now_ns))
        wait_s = self._throttle.wait_s(data, now_ns)
        if wait_s:
            self._slow_down(wait_s)

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
        self._mark_closed()

    # -- for the owner

    async def run(self) -> None:
        """Hands on what comes until the connection is closed.

        Raises what the application raises but HandOnError, and what the store raised: nothing can go on without it.
        """
        try:
            while not self.is_closed or self._hand_on:
                if self._hand_on or self._is_logon_due:
                    await self._while_of_use(self._next_hand_on())
                else:
                    await self.changed.wait()
                    self.changed.clear()
            if self.session.peer_is_done:
                await self._while_of_use(self._application.on_logout(self.session.config.source))
        except (HandOnError, TimeoutError) as error:
            self._report(SessionEvent("refused", f"messages were not handed on: {error}"))
        finally:
            self.close()
            await self._hand_on.give_up()
            for event in self.session.disconnected().events:
                self._report(event)
            self.session.store.sync()
            self.ended.set()
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
        self._mark_closed()

    @property
    def is_active(self) -> bool:
        """Whether the session is logged on here."""
        return not self.is_closed and self.session.state is State.ACTIVE

    @property
    def is_reading(self) -> bool:
        """Whether the peer is listened to: neither too much waits to be handed on, nor does it send too fast."""
        return not self._paused

    @property
    def waiting_count(self) -> int:
        """How many messages wait to be handed on."""
        return len(self._hand_on)

    # -- parts

    @contextlib.contextmanager
    def _store_guard(self) -> Iterator[None]:
        """Callbacks of the loop have no caller to raise to: a store that fails ends the connection and ``run``."""
        try:
            yield
        except (OSError, StoreError) as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = error
        if self._transport is not None:
            self._transport.abort()
        self._mark_closed()

    def _mark_closed(self) -> None:
        self.is_closed = True
        self._closed.set()
        self._notify()

    def _sync_store(self) -> None:
        """Has the store on the disk in a moment; a thread waits for it, one at a time."""
        work = self.session.store.begin_sync() if self._syncing is None else None
        if work is not None:
            self._syncing = asyncio.get_running_loop().run_in_executor(None, work)
            self._syncing.add_done_callback(self._synced)

    def _synced(self, done: "asyncio.Future[None]") -> None:
        self._syncing = None
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._fail(error)

    def _take(self, output: SessionOutput) -> None:
        garbled_count = 0
        for event in output.events:
            garbled_count += event.kind == "garbled"
            if garbled_count <= GARBLED_A_READ_MAX:
                self._report(event)
            if event.kind == "logon":
                self._is_logon_due = self._hand_on.is_held = True
        if garbled_count > GARBLED_A_READ_MAX:
            self._report(SessionEvent("refused", f"{garbled_count} garbled messages in one read: hung up"))
            output.disconnect = True
        if output.data:
            self._write(output.data)
        if output.messages:
            self._hand_on.add(output.messages)
            if self._hand_on.is_full:
                self.traffic.full_count += self._pause("full")
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

    async def _while_of_use(self, work: Coroutine[object, object, None]) -> None:
        """Awaits work of the application; once the connection is closed no longer than DRAIN_AFTER_CLOSE_S.

        The peer may then come back, though whatever the application waits for has not. Raises TimeoutError.
        """
        task = asyncio.ensure_future(work)
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({task, closing}, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(DRAIN_AFTER_CLOSE_S):
                await task
        finally:
            closing.cancel()
            task.cancel()
            await asyncio.wait({task})

    async def _next_hand_on(self) -> None:
        if self._is_logon_due and not self._hand_on.is_begun:
            self._is_logon_due = False
            await self._application.on_logon(self.session.config.source)
            self._hand_on.is_held = self._is_logon_due
        if not self._hand_on:
            return
        for msg_type, fields in await self._hand_on.next_batch():
            self.send(msg_type, fields)
        self._take(self.session.proceed(self._clock()))
        self.session.store.flush()
        if self._hand_on.has_room:
            self._resume("full")

    def _slow_down(self, wait_s: float) -> None:
        if self._pause("throttled"):
            self.traffic.throttled_count += 1
            self._report(SessionEvent("flag", f"throttled: sends too fast, not read for {wait_s:.3f} s"))
            asyncio.get_running_loop().call_later(wait_s, self._resume, "throttled")

    def _pause(self, reason: PauseReason) -> bool:
        """Stops reading for a reason; tells whether the reason is new."""
        if self._transport is None or self.is_closed or reason in self._paused:
            return False
        if not self._paused:
            self.session.pause_inbound()
            self._transport.pause_reading()
        self._paused.add(reason)
        return True

    def _resume(self, reason: PauseReason) -> None:
        """Drops a reason; reading goes on when there is no other."""
        if reason not in self._paused or self._transport is None or self.is_closed:
            return
        self._paused.discard(reason)
        if not self._paused:
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
            data = bytes(self._outbox)
            self._outbox.clear()
            self.traffic.sent_bytes += len(data)
            self._recorder.sent(data, self._clock())
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
                self._report(SessionEvent("refused", f"the peer leaves {UNREAD_BYTES_MAX} bytes unread"))
                self._transport.abort()

    def _tick(self) -> None:
        if self.is_closed:
            return
        self._ticks += 1
        with self._store_guard():
            if self._ticks % SYNC_EVERY_TICKS == 0:
                self._sync_store()
            self._take(self.session.tick(self._clock()))
        asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _report(self, event: SessionEvent) -> None:
        self._recorder.happened(event, self._clock())
        if self._on_event is not None:
            self._on_event(self.session.config.source, event)

    def _notify(self) -> None:
        self.changed.set()


def peer_address(transport: asyncio.BaseTransport) -> str:
    """HOST:PORT of the other side, ``?`` where the transport does not know."""
    peer = transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if peer else "?"
