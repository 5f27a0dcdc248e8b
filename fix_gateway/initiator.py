"""Connects to venues that make the client connect, and reconnects for as long as the gateway runs."""

import asyncio
import time
from functools import partial
from typing import Self

from fix_gateway.acceptor import StoreFactory
from fix_gateway.settings import FixSettings
from fix_gateway.store import open_store
from tapewatch.fix.store import SessionStore
from tapewatch.fix.transport import Application, Clock, EventSink, IgnoringApplication, InitiatorSession
from tapewatch.runtime.addresses import Address

LOGOUT_TIMEOUT_S = 2.0


async def connect(
    settings: FixSettings,
    application: Application | None = None,
    *,
    clock: Clock = time.time_ns,
    on_event: EventSink | None = None,
    stores: StoreFactory | None = None,
) -> "Initiators":
    """Starts the initiator sessions of the settings; returns them running, an async context manager."""
    stores = stores or partial(open_store, settings.store)
    sessions: dict[str, InitiatorSession] = {}
    opened = []
    for each in settings.sessions:
        if each.role != "initiator" or each.connect is None:
            continue
        config, address = each.config(), Address.parse(each.connect)
        store = stores(config)
        opened.append(store)
        sessions[config.source] = InitiatorSession(
            address.host,
            address.port,
            config,
            store,
            application or IgnoringApplication(),
            clock=clock,
            on_event=on_event,
        )
    return Initiators(sessions, opened)


class Initiators:
    """The running initiator sessions, by source name (``FIX.4.4:THEM->US``)."""

    def __init__(self, sessions: dict[str, InitiatorSession], stores: list[SessionStore]) -> None:
        self.sessions = sessions
        self._stores = stores
        self._tasks = [asyncio.create_task(session.run(), name=name) for name, session in sessions.items()]

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
        for store in self._stores:
            store.close()
