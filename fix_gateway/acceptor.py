"""Accepts FIX connections: the Logon names the session, one connection a session, the rest is refused."""

import asyncio
import time
from functools import partial
from typing import Self

from fix_gateway.admission import Admission, is_within
from fix_gateway.door import Door
from fix_gateway.refusal import Refusal, refusal
from fix_gateway.seat import RecorderFactory, Seat, StoreFactory, no_recorder
from fix_gateway.settings import FixSettings
from fix_gateway.store import open_store
from fix_gateway.tls import server_context
from tapewatch.fix.codec import Message
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.transport import (
    Application,
    Clock,
    EventSink,
    MessageApplication,
    SessionConnection,
    as_application,
)
from tapewatch.runtime.addresses import Address

CLOSE_TIMEOUT_S = 1.0

SessionKey = tuple[str, str, str]


async def serve(
    settings: FixSettings,
    application: Application | MessageApplication | None = None,
    *,
    clock: Clock = time.time_ns,
    on_event: EventSink | None = None,
    stores: StoreFactory | None = None,
    recorders: RecorderFactory = no_recorder,
) -> "Acceptor":
    """Listens for the acceptor sessions of the settings; returns the running Acceptor, an async context manager.

    ``application`` takes the messages and may answer them (none: they are taken and ignored). ``on_event`` hears of
    logons, gaps, refusals. ``stores`` makes a session's store; by default a directory each below ``settings.store``.
    ``recorders`` makes what keeps a session's bytes; by default nothing does. Raises OSError when the port is taken,
    StoreError when a store is in use or damaged, SettingsError for certificates or passwords that can not be read.
    """
    stores = stores or partial(open_store, settings.store)
    acceptor = Acceptor(settings, as_application(application), clock, on_event)
    await acceptor.listen(stores, recorders)
    return acceptor


class Acceptor:
    """The listening socket and its sessions. ``port`` is what it is bound to."""

    def __init__(
        self, settings: FixSettings, application: Application, clock: Clock, on_event: EventSink | None
    ) -> None:
        self.seats: list[Seat] = []
        self.port = 0
        tls = server_context(settings.tls) if settings.tls is not None else None
        self.door = Door(self, tls, settings.logon_timeout_s)
        self._settings = settings
        self._application = application
        self._clock = clock
        self._on_event = on_event
        self._admission = Admission(settings, time.monotonic)
        self._by_key: dict[SessionKey, Seat] = {}
        self._live: dict[SessionKey, SessionConnection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listen(self, stores: StoreFactory, recorders: RecorderFactory) -> None:
        """Opens the sessions' stores, binds and starts accepting."""
        address = Address.parse(self._settings.fix_listen)
        self._open_seats(stores, recorders)
        try:
            self.port = self.door.open(address)
        except OSError as error:
            self._close_stores()
            text = f"cannot listen for FIX on {address}: {error}; free the port or set fix.listen"
            raise OSError(error.errno, text) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self) -> None:
        """Waits for ever; raises what broke a connection's application, which is a fault of ours."""
        await asyncio.shield(self._failure)

    async def close(self) -> None:
        """Logs every session out, closes and syncs the stores."""
        self.door.shut()
        for connection in list(self._live.values()):
            connection.take(connection.session.logout(self._clock(), "the gateway stops"))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_TIMEOUT_S)
        await self.door.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._close_stores()
        self._failure.cancel()

    def _open_seats(self, stores: StoreFactory, recorders: RecorderFactory) -> None:
        try:
            for each in self._settings.sessions:
                if each.role == "acceptor":
                    config = each.config(self._settings.message_bytes_max)
                    line = partial(self._live.get, _key(config))
                    seat = Seat(each, Session(config, stores(config)), recorders(config), line)
                    self.seats.append(seat)
                    self._by_key[_key(config)] = seat
        except BaseException:
            self._close_stores()
            raise

    def _close_stores(self) -> None:
        for seat in self.seats:
            seat.session.store.close()

    # -- for the gate

    def enter(self, host: str) -> Refusal | None:
        """Takes a connection from an address, or says why not."""
        return self._admission.enter(host)

    def leave(self, host: str) -> None:
        """A connection that was taken is gone."""
        self._admission.leave(host)

    def open(self, logon: Message, host: str, names: frozenset[str]) -> SessionConnection | Refusal | asyncio.Event:
        """The connection for the session a Logon names, or why there is none, or what to wait for."""
        seat = self._seat_for(logon, host, names)
        if isinstance(seat, Refusal):
            return seat
        if seat.connection is not None:
            return seat.connection.ended
        connection = SessionConnection(
            seat.session,
            self._application,
            self._clock,
            self._on_event,
            seat.recorder,
            messages_a_second_max=seat.settings.messages_a_second_max,
        )
        self._live[_key(seat.session.config)] = connection
        task = asyncio.create_task(self._run(connection), name=seat.name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return connection

    def report(self, event: Refusal) -> None:
        """Passes a refusal on."""
        if self._on_event is not None:
            self._on_event("?", event)

    def _seat_for(self, logon: Message, host: str, names: frozenset[str]) -> Seat | Refusal:
        if logon.msg_type != "A":
            return refusal("not_a_logon", host, f"expected a Logon first, found 35={logon.msg_type}")
        key = (logon.begin_string, logon.get(56) or "", logon.get(49) or "")
        seat = self._by_key.get(key)
        if seat is None:
            return refusal("unknown_session", host, f"no session {key[0]}:{key[2]}->{key[1]} is configured")
        problem = _problem(seat, host, names)
        if problem is not None:
            seat.recorder.happened(problem, self._clock())  # somebody claimed to be this counterparty
        return problem or seat

    async def _run(self, connection: SessionConnection) -> None:
        try:
            await connection.run()
        finally:
            del self._live[_key(connection.session.config)]

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)


def _problem(seat: Seat, host: str, names: frozenset[str]) -> Refusal | None:
    """Why a connection may not be this session's."""
    allow, wanted = seat.settings.allow, seat.settings.certificate_name
    if allow and not is_within(host, allow):
        return refusal("address", host, f"{seat.name} may come from {', '.join(map(str, allow))} only")
    if wanted and wanted not in names:
        shown = ", ".join(sorted(names)) or "none"
        return refusal("certificate", host, f"{seat.name} needs a certificate for {wanted}, found {shown}")
    if seat.connection is not None and not seat.connection.is_closed:
        return refusal("logged_on", host, f"{seat.name} is logged on already, from {seat.connection.traffic.peer}")
    return None


def _key(config: SessionConfig) -> SessionKey:
    return config.begin_string, config.sender, config.target
