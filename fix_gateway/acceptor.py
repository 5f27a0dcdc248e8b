"""Accepts FIX connections: the Logon names the session, one connection a session, the rest is refused."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Self, cast

from fix_gateway.settings import FixSettings
from fix_gateway.store import open_store
from tapewatch.fix.codec import Framer, Message
from tapewatch.fix.session import Session, SessionConfig, SessionEvent
from tapewatch.fix.store import SessionStore
from tapewatch.fix.transport import Application, Clock, EventSink, IgnoringApplication, SessionConnection
from tapewatch.runtime.addresses import Address

LOGON_BYTES_MAX = 64 << 10
LOGON_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0

StoreFactory = Callable[[SessionConfig], SessionStore]
SessionKey = tuple[str, str, str]


async def serve(
    settings: FixSettings,
    application: Application | None = None,
    *,
    clock: Clock = time.time_ns,
    on_event: EventSink | None = None,
    stores: StoreFactory | None = None,
) -> "Acceptor":
    """Listens for the acceptor sessions of the settings; returns the running Acceptor, an async context manager.

    ``application`` takes the messages and may answer them (none: they are taken and ignored). ``stores`` makes a
    session's store; by default a directory each below ``settings.store``. Raises OSError when the port is taken and
    StoreError when a store is in use or damaged.
    """
    acceptor = Acceptor(settings, application or IgnoringApplication(), clock, on_event, stores)
    await acceptor.listen()
    return acceptor


class Acceptor:
    """The listening socket and its sessions. ``port`` is what it is bound to."""

    def __init__(
        self,
        settings: FixSettings,
        application: Application,
        clock: Clock,
        on_event: EventSink | None,
        stores: StoreFactory | None,
    ) -> None:
        self._settings = settings
        self._application = application
        self._clock = clock
        self._on_event = on_event
        stores = stores or partial(open_store, settings.store)
        configs = [session.config() for session in settings.sessions if session.role == "acceptor"]
        self._sessions = {_key(config): Session(config, stores(config)) for config in configs}
        self._live: dict[SessionKey, SessionConnection] = {}
        self._addresses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def listen(self) -> None:
        """Binds and starts accepting."""
        address = Address.parse(self._settings.fix_listen)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _Gate(self), address.host, address.port)
        except OSError as error:
            self._close_stores()
            text = f"cannot listen for FIX on {address}: {error}; free the port or set fix.listen"
            raise OSError(error.errno, text) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self) -> None:
        """Waits for ever; raises what broke a connection's application, which is a fault of ours."""
        await asyncio.shield(self._failure)

    async def close(self) -> None:
        """Logs every session out, closes and syncs the stores."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._live.values()):
            connection.take(connection.session.logout(self._clock(), "the gateway stops"))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_TIMEOUT_S)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._close_stores()
        self._failure.cancel()

    def _close_stores(self) -> None:
        for session in self._sessions.values():
            session.store.close()

    # -- for the gate

    def admit(self, host: str) -> bool:
        """Counts a connection from an address; False when there are too many."""
        settings = self._settings
        has_room = self._addresses.total() < settings.connections_max
        has_room = has_room and self._addresses[host] < settings.connections_an_address_max
        self._addresses[host] += 1
        if not has_room:
            self.report("?", SessionEvent("refused", f"too many connections from {host}"))
        return has_room

    def forget(self, host: str) -> None:
        """A connection from an address is gone."""
        self._addresses[host] -= 1
        if not self._addresses[host]:
            del self._addresses[host]

    def open(self, logon: Message) -> SessionConnection | str:
        """The connection for the session a Logon names, or why there is none."""
        if logon.msg_type != "A":
            return f"expected a Logon first, found 35={logon.msg_type}"
        key = (logon.begin_string, logon.get(56) or "", logon.get(49) or "")
        session = self._sessions.get(key)
        if session is None:
            return f"no session {key[0]}:{key[2]}->{key[1]} is configured"
        if key in self._live:
            return f"{session.config.source} is logged on already"
        connection = SessionConnection(session, self._application, self._clock, self._on_event)
        self._live[key] = connection
        task = asyncio.get_running_loop().create_task(connection.run(), name=session.config.source)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, key))
        return connection

    def report(self, session_name: str, event: SessionEvent) -> None:
        """Passes an event on."""
        if self._on_event is not None:
            self._on_event(session_name, event)

    def _ended(self, key: SessionKey, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._live[key]
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failure.done():
            self._failure.set_exception(error)


def _key(config: SessionConfig) -> SessionKey:
    return config.begin_string, config.sender, config.target


class _Gate(asyncio.Protocol):
    """What a connection talks to until its first message says which session it is."""

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._transport: asyncio.Transport | None = None
        self._connection: SessionConnection | None = None
        self._framer = Framer(LOGON_BYTES_MAX)
        self._received = bytearray()
        self._host = "?"
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admits or closes."""
        self._transport = cast(asyncio.Transport, transport)
        self._host = (transport.get_extra_info("peername") or ("?",))[0]
        if not self._acceptor.admit(self._host):
            self._transport.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(LOGON_TIMEOUT_S, self._refuse, "no Logon in time")

    def data_received(self, data: bytes) -> None:
        """Collects bytes until the first whole message, then hands all of them to its session."""
        if self._connection is not None:
            self._connection.data_received(data)
            return
        if self._transport is None or self._transport.is_closing():
            return
        self._received += data
        first = next((item for item in self._framer.feed(data) if isinstance(item, Message)), None)
        if first is None:
            if len(self._received) > LOGON_BYTES_MAX:
                self._refuse(f"no Logon in the first {LOGON_BYTES_MAX} bytes")
            return
        found = self._acceptor.open(first)
        if isinstance(found, str):
            self._refuse(found)
            return
        if self._timer is not None:
            self._timer.cancel()
        self._connection = found
        found.connection_made(self._transport)
        found.data_received(bytes(self._received))
        self._received.clear()

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
        self._acceptor.forget(self._host)
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.connection_lost(error)

    def _refuse(self, reason: str) -> None:
        self._acceptor.report("?", SessionEvent("refused", f"connection from {self._host}: {reason}"))
        if self._transport is not None:
            self._transport.close()
