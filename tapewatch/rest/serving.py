"""An HTTP server beside a service's gRPC: in its process, on its loop, as guarded, ending with it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from pydantic import Field
from starlette.applications import Starlette

from tapewatch.rest.application import application
from tapewatch.rest.routes import ROUTES
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.security import checked_address
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section, SecuritySettings

REQUESTS_MAX = 200
IDLE_S = 15
DRAIN_S = 2
POLL_S = 0.005


class RestSettings(Section):
    """REST and JSON beside gRPC."""

    listen: str | None = Field(None, description="HOST:PORT to serve REST on; nothing is served when absent")


@asynccontextmanager
async def serving_rest(service: Service, settings: RestSettings, setting: str) -> AsyncIterator[None]:
    """Serves the routes of the service's methods within, at `service.rest_address`; nothing where none is set.

    Enter it when all servicers were added. `setting` names the address in errors: StartError when it is not to be had,
    SettingsError when not allowed. In mtls mode it is HTTPS with the service's certificate, and callers prove
    themselves by tokens.
    """
    if settings.listen is None:
        yield
        return
    address = checked_address(settings.listen, service.security, setting)
    with _listening(address, setting) as listening:
        is_local = service.security.mode == "local"
        server = _Server(_config(application(ROUTES, service.handler, loopback_only=is_local), service.security))
        service.spawn(_stopping(service.stop, server), at_stop="finish")
        task = asyncio.create_task(server.serve([listening]), name="rest")
        try:
            await _started(server, task)
            service.rest_address = Address(address.host, listening.getsockname()[1])
            yield
        finally:
            server.should_exit = True
            await task


async def _stopping(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


class _Server(uvicorn.Server):
    """Leaves signals to the service."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(served: Starlette, security: SecuritySettings) -> uvicorn.Config:
    config = uvicorn.Config(
        served,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=REQUESTS_MAX,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=DRAIN_S,
        ssl_certfile=str(security.certificate) if security.mode == "mtls" else None,
        ssl_keyfile=str(security.key) if security.mode == "mtls" else None,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


@contextlib.contextmanager
def _listening(address: Address, setting: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listening = socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise StartError(
            f"cannot listen on {address}: {error.strerror or error}. Stop the process that has it, or choose another "
            f"with `{setting}` (port 0 takes any free one)"
        ) from error
    with listening:
        listening.setblocking(False)
        yield listening


async def _started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    while not server.started:  # uvicorn tells by a flag
        if task.done():
            task.result()
            raise StartError("the HTTP server ended as it began; the log says more")
        await asyncio.sleep(POLL_S)
