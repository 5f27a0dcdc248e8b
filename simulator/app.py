"""Settings and wiring of the simulator service."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import Field, field_validator

from simulator.drop_copy import BEGIN_STRING
from simulator.feeds.feed import Destination, Destinations, FeedKind
from simulator.feeds.files import open_file_feed
from simulator.feeds.fix import Outlet, open_fix_feed
from simulator.feeds.ingest import open_ingest_feed, publish_reference
from simulator.output import FIX_SENDER, FIX_TARGET, Format
from simulator.servicer import SimulatorServicer
from simulator.simulation import DEFAULT_START_TIME_NS
from simulator.stage import Stage
from surveillance.v1 import simulator_pb2_grpc
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import FileStore
from tapewatch.fix.transport import ClientTls, open_session
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section, SettingsError

LOGON_WAIT_SECONDS = 30.0
"""How long a run waits for the gateway to come up before it fails."""
SERVICE_NAME = "surveillance.v1.SimulatorService"


class SimulatorSettings(Section):
    """Section `simulator` of the settings file."""

    listen: str = Field("127.0.0.1:50054", description="HOST:PORT of the gRPC server")
    gateway: str = Field("127.0.0.1:9876", description="HOST:PORT of the FIX gateway that gets the drop copy")
    gateway_tls: bool = Field(False, description="speak TLS to the gateway, with the certificate of `security`")
    ingest: str = Field("127.0.0.1:50051", description="HOST:PORT of ingest, for runs that go there over gRPC")
    sender: str = Field(FIX_SENDER, min_length=1, description="our CompID, as the gateway's session names it")
    target: str = Field(FIX_TARGET, min_length=1, description="the gateway's CompID")
    heartbeat_s: int = Field(30, ge=1, le=3_600, description="seconds of silence between FIX heartbeats")
    data_directory: Path = Field(
        Path("tapewatch-data/simulator"), description="FIX session store, timeline, reference data and labels"
    )
    start_time_ns: int = Field(
        DEFAULT_START_TIME_NS, ge=0, description="event time of the first run, ns since epoch; later runs follow on"
    )

    @field_validator("gateway", "ingest")
    @classmethod
    def _is_address(cls, text: str) -> str:
        Address.parse(text)
        return text


@asynccontextmanager
async def lifespan(service: Service, settings: SimulatorSettings) -> AsyncIterator[None]:
    """Serve the stage; a run under way when the service stops is ended and drained."""
    store = FileStore(settings.data_directory / "fix")

    def spawn(work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        return service.spawn(work, at_stop="finish")

    destinations = _destinations(settings, store, service.security)
    publish = partial(publish_reference, settings.ingest, service.security)
    stage = Stage(settings.data_directory, settings.start_time_ns, destinations, spawn, publish)
    servicer = SimulatorServicer(stage, service.stop)
    service.add(simulator_pb2_grpc.add_SimulatorServiceServicer_to_server, servicer, SERVICE_NAME)
    spawn(_end_run_with_service(service, stage))
    try:
        yield
    finally:
        store.close()


def _destinations(settings: SimulatorSettings, store: FileStore, security: SecuritySettings) -> Destinations:
    """What each kind of feed is with these settings."""
    gateway, ingest = Address.parse(settings.gateway), Address.parse(settings.ingest)
    config = SessionConfig(BEGIN_STRING, settings.sender, settings.target, heartbeat_s=settings.heartbeat_s)
    tls = _gateway_tls(gateway, security) if settings.gateway_tls else None

    def open_outlet() -> AbstractAsyncContextManager[Outlet]:
        return open_session(gateway.host, gateway.port, config, store, logon_wait_s=LOGON_WAIT_SECONDS, tls=tls)

    def to_file(session_number: int, file_format: Format) -> Destination:
        directory = (settings.data_directory / "files" / f"session-{session_number:04d}").absolute()
        return Destination(str(directory), partial(open_file_feed, directory, file_format), directory)

    return {
        FeedKind.FIX: lambda session_number, _: Destination(str(gateway), partial(open_fix_feed, open_outlet)),
        FeedKind.INGEST: lambda session_number, _: Destination(
            str(ingest), partial(open_ingest_feed, str(ingest), security, session_number)
        ),
        FeedKind.FILE: to_file,
    }


def _gateway_tls(gateway: Address, security: SecuritySettings) -> ClientTls:
    """What we prove ourselves to the gateway with. Raises SettingsError without files that serve."""
    if security.certificate is None or security.key is None or security.authority is None:
        raise SettingsError("simulator.gateway_tls: expected certificate, key and authority in `security`, found none")
    try:
        context = ssl.create_default_context(cafile=str(security.authority))
        context.load_cert_chain(security.certificate, security.key)
    except OSError as error:
        raise SettingsError(f"simulator.gateway_tls: cannot use the files of `security`: {error}") from error
    return ClientTls(context, gateway.host)


async def _end_run_with_service(service: Service, stage: Stage) -> None:
    await service.stop.wait()
    if stage.run is not None:
        stage.run.stop()
