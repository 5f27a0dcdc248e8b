"""Connects to venues that make the client connect, and reconnects for as long as the gateway runs."""

import asyncio
import time
from functools import partial
from typing import Self

from fix_gateway.seat import RecorderFactory, Seat, StoreFactory, no_recorder
from fix_gateway.settings import FixSettings
from fix_gateway.store import open_store
from fix_gateway.tls import client_tls
from tapewatch.fix.transport import (
    Application,
    Backoff,
    Clock,
    EventSink,
    InitiatorSession,
    MessageApplication,
    SessionConnection,
    as_application,
)
from tapewatch.runtime.addresses import Address

LOGOUT_TIMEOUT_S = 1.0

_Opened = tuple[InitiatorSession, Seat]


async def connect(
    settings: FixSettings,
    application: Application | MessageApplication | None = None,
    *,
    clock: Clock = time.time_ns,
    on_event: EventSink | None = None,
    stores: StoreFactory | None = None,
    recorders: RecorderFactory = no_recorder,
) -> "Initiators":
    """Starts the initiator sessions of the settings; returns them running, an async context manager.

    The arguments are those of ``fix_gateway.acceptor.serve``. Raises StoreError when a store is in use or damaged,
    SettingsError for certificates or passwords that can not be read. A venue that does not answer is tried again.
    """
    stores = stores or partial(open_store, settings.store)
    taker = as_application(application)
    opened: list[_Opened] = []
    try:
        for each in settings.sessions:
            if each.role == "initiator" and each.connect is not None:
                config, address = each.config(settings.message_bytes_max), Address.parse(each.connect)
                tls = client_tls(config.source, each.tls, address.host) if each.tls is not None else None
                recorder = recorders(config)
                session = InitiatorSession(
                    address.host,
                    address.port,
                    config,
                    stores(config),
                    taker,
                    clock=clock,
                    on_event=on_event,
                    recorder=recorder,
                    backoff=Backoff(each.reconnect_first_s, each.reconnect_max_s),
                    tls=tls,
                    messages_a_second_max=each.messages_a_second_max,
                )
                opened.append((session, Seat(each, session.session, recorder, partial(_connection_of, session))))
    except BaseException:
        for _, seat in opened:
            seat.session.store.close()
        raise
    return Initiators(opened)


def _connection_of(session: InitiatorSession) -> SessionConnection | None:
    return session.connection


class Initiators:
    """The running initiator sessions, by source name (``FIX.4.4:THEM->US``)."""

    def __init__(self, opened: "list[_Opened]") -> None:
        self.sessions = {seat.name: session for session, seat in opened}
        self.seats = [seat for _, seat in opened]
        self._tasks = [asyncio.create_task(session.run(), name=name) for name, session in self.sessions.items()]

    async def run(self) -> None:
        """Waits until a session fails, which is a fault of ours, and raises it."""
        if self._tasks:
            await asyncio.gather(*self._tasks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Logs out, closes and syncs."""
        logouts = [asyncio.create_task(session.logout()) for session in self.sessions.values()]
        if logouts:
            await asyncio.wait(logouts, timeout=LOGOUT_TIMEOUT_S)
        for task in [*logouts, *self._tasks]:
            task.cancel()
        await asyncio.gather(*logouts, *self._tasks, return_exceptions=True)
        for seat in self.seats:
            seat.session.store.close()
