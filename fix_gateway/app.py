"""Puts the FIX gateway together: sessions, mapping, and the way to ingest."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from fix_gateway.acceptor import serve
from fix_gateway.drop_copy import DropCopyApplication
from fix_gateway.initiator import connect
from fix_gateway.metrics import GatewayMetrics
from fix_gateway.settings import FixSettings
from fix_gateway.sink import IngestSink
from tapewatch.client.ingest import IngestPublisher
from tapewatch.fix.profile import ProfileError, load_profile
from tapewatch.fix.session import SessionEvent
from tapewatch.fix.store import StoreError
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.security import checked_address
from tapewatch.runtime.service import Service

QUIET = frozenset({"logon", "logout", "resend"})
LOGGED_EACH_MAX = 50
LOGGED_EVERY = 1000

_log = structlog.get_logger(__name__)


class EventLog:
    """Counts every session event and logs it; of a flood of one kind only every ``LOGGED_EVERY``-th."""

    def __init__(self, metrics: GatewayMetrics) -> None:
        self._metrics = metrics
        self._seen: Counter[tuple[str, str]] = Counter()

    def __call__(self, session_name: str, event: SessionEvent) -> None:
        self._metrics.session_events.labels(session_name, event.kind).inc()
        self._seen[session_name, event.kind] += 1
        count = self._seen[session_name, event.kind]
        if count <= LOGGED_EACH_MAX or count % LOGGED_EVERY == 0:
            log = _log.info if event.kind in QUIET else _log.warning
            log("fix session", session=session_name, kind=event.kind, text=event.text, count=count)


@asynccontextmanager
async def lifespan(service: Service, settings: FixSettings) -> AsyncIterator[None]:
    """Opens the way to ingest, then the sessions; closes in the reverse order."""
    checked_address(settings.fix_listen, service.security, "fix.listen")
    metrics = GatewayMetrics(service.metrics)
    on_event = EventLog(metrics)

    try:
        profiles = {session.config().source: load_profile(session.profile) for session in settings.sessions}
    except ProfileError as error:
        raise StartError(str(error)) from None
    async with IngestPublisher(settings.ingest, service.security, name=service.name) as publisher:
        application = DropCopyApplication(IngestSink(publisher), profiles, metrics, time.time_ns)
        try:
            acceptor = await serve(settings, application, on_event=on_event)
        except (OSError, StoreError) as error:
            raise StartError(str(error)) from None
        async with acceptor, await connect(settings, application, on_event=on_event) as initiators:
            service.spawn(acceptor.run())
            if initiators.sessions:
                service.spawn(initiators.run())
            _log.info("fix listening", port=acceptor.port, sessions=sorted(profiles))
            yield
