"""Puts the FIX gateway together: sessions, mapping, and the way to ingest."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.audit.log import AuditTrail
from fix_gateway.descriptors import allow_descriptors
from fix_gateway.drop_copy import DropCopyApplication
from fix_gateway.event_log import EventLog
from fix_gateway.figures import FigureBook, WatchedApplication
from fix_gateway.initiator import connect
from fix_gateway.metrics import GatewayMetrics, SessionCollector
from fix_gateway.seat import RecorderFactory, Seats, no_recorder
from fix_gateway.servicer import SERVICE_NAME, FixServicer
from fix_gateway.settings import FixSettings
from fix_gateway.sink import IngestSink
from surveillance.v1 import fix_pb2_grpc
from tapewatch.client.ingest import IngestPublisher
from tapewatch.fix.profile import ProfileError, load_profile
from tapewatch.fix.store import StoreError
from tapewatch.runtime.errors import DataLoss, StartError
from tapewatch.runtime.security import checked_address
from tapewatch.runtime.service import Service

PUBLISHER_CLOSE_MAX_S = 0.5

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def lifespan(service: Service, settings: FixSettings) -> AsyncIterator[None]:
    """Opens the way to ingest, then the sessions; closes in the reverse order."""
    checked_address(settings.fix_listen, service.security, "fix.listen")
    allow_descriptors(len(settings.sessions), settings.connections_max)
    metrics = GatewayMetrics(service.metrics)
    book = FigureBook()
    on_event = EventLog(metrics, book, time.time_ns)
    try:
        profiles = {session.source: load_profile(session.profile) for session in settings.sessions}
    except ProfileError as error:
        raise StartError(str(error)) from None
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(_publisher(service, settings))
        drop_copy = DropCopyApplication(IngestSink(publisher), profiles, metrics, time.time_ns)
        application = WatchedApplication(drop_copy, book, time.time_ns)
        recorders = await _recorders(service, settings, stack)
        try:
            acceptor = await serve(settings, application, on_event=on_event, recorders=recorders)
            ends = await stack.enter_async_context(_together(acceptor.close))
            initiators = await connect(settings, application, on_event=on_event, recorders=recorders)
            ends.append(initiators.close)
        except (OSError, StoreError) as error:
            raise StartError(str(error)) from None
        _serve_operators(service, Seats([*acceptor.seats, *initiators.seats]), book, acceptor, on_event)
        service.spawn(acceptor.run())
        if initiators.sessions:
            service.spawn(initiators.run())
        _log.info("fix listening", port=acceptor.port, tls=settings.tls is not None, sessions=sorted(profiles))
        yield


@asynccontextmanager
async def _together(*closes: Callable[[], Awaitable[None]]) -> AsyncIterator[list[Callable[[], Awaitable[None]]]]:
    """At the end calls all at once: each may wait a second for its peers."""
    every = list(closes)
    try:
        yield every
    finally:
        ended = await asyncio.gather(*(close() for close in every), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error


@asynccontextmanager
async def _publisher(service: Service, settings: FixSettings) -> AsyncIterator[IngestPublisher]:
    """The way to ingest. At the end what ingest does not answer is left: nobody was told that it is received."""
    publisher = IngestPublisher(settings.ingest, service.security, name=service.name)
    async with AsyncExitStack() as leaving:
        try:
            yield await leaving.enter_async_context(publisher)
        finally:
            if publisher.unanswered_count:
                _log.warning("ingest is away: what it has not answered will be sent again by the counterparties")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PUBLISHER_CLOSE_MAX_S):
                    await leaving.aclose()


async def _recorders(service: Service, settings: FixSettings, stack: AsyncExitStack) -> RecorderFactory:
    """The audit logs, opened."""
    if not settings.audit.enabled:
        return no_recorder
    trail = await stack.enter_async_context(AuditTrail(settings.store, settings.audit, time.time_ns))
    try:
        await trail.open(session.config() for session in settings.sessions)
    except DataLoss as error:
        raise StartError(f"the audit log in {', '.join(error.__notes__)}: {error.message}") from None
    service.spawn(trail.watch())
    return trail.recorder


def _serve_operators(service: Service, seats: Seats, book: FigureBook, acceptor: Acceptor, on_event: EventLog) -> None:
    def connections() -> int:
        return acceptor.door.gate_count

    service.metrics.register(SessionCollector(seats, book, connections))
    servicer = FixServicer(seats, book, time.time_ns, connections, lambda: dict(on_event.refusals))
    service.add(fix_pb2_grpc.add_FixServiceServicer_to_server, servicer, SERVICE_NAME)
