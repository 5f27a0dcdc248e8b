"""The gRPC server of a service, with health, reflection, call interceptors and a bounded drain."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from tapewatch.runtime.addresses import Address
from tapewatch.runtime.channels import CONCURRENT_CALLS_MAX, server_options
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.guard import Guard
from tapewatch.runtime.health import HEALTH_SERVICE, Health
from tapewatch.runtime.interceptors import CallInterceptor
from tapewatch.runtime.security import checked_address, server_credentials
from tapewatch.runtime.settings import ENVIRONMENT_PREFIX, SecuritySettings
from tapewatch.runtime.streams import until_set

HANDLER_EXIT_MAX_S = 1.0

_log = structlog.get_logger(__name__)


class Server:
    """Binds early, so that a second copy of a service fails before it touches anything; serves from `start` on."""

    def __init__(self, stop: asyncio.Event, registry: CollectorRegistry, guard: Guard) -> None:
        self.health = Health()
        self._stop = stop
        self._calls = CallInterceptor(registry, guard)
        self._names: list[str] = []
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._bound = False
        self._started = False
        self._server = grpc.aio.server(
            interceptors=[self._calls], options=server_options(), maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX
        )

    def add(self, add_to_server: Callable[[Any, grpc.aio.Server], None], servicer: object, full_name: str) -> None:
        """Register a servicer with its generated function."""
        self._register(full_name)
        add_to_server(servicer, self._server)
        add_to_server(servicer, _Registry(self._handlers))  # type: ignore[arg-type] # takes what the function gives

    def add_handlers(self, handlers: "grpc.GenericRpcHandler[Any, Any]", full_name: str) -> None:
        """Register handwritten handlers."""
        self._register(full_name)
        self._server.add_generic_rpc_handlers((handlers,))

    def handler(self, method: str) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """What answers a full method of a servicer, guarded and counted as for gRPC; None if none does."""
        found = self._handlers.get(method)
        return None if found is None else self._calls.wrapped(found, method)

    def bind(self, listen: str, security: SecuritySettings, setting: str) -> Address:
        """Take the address `setting` names; StartError when it is not to be had, SettingsError when not allowed."""
        address = checked_address(listen, security, setting)
        credentials = server_credentials(security)
        try:
            if credentials is None:
                port = self._server.add_insecure_port(str(address))
            else:
                port = self._server.add_secure_port(str(address), credentials)
        except RuntimeError as error:
            raise StartError(_cannot_listen(address, setting, security)) from error
        self._bound = True
        return Address(address.host, port)

    async def start(self) -> None:
        """Take calls, and report SERVING for the process and every service that did not say otherwise."""
        self.health.serve(("", *self._names))
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        names = [*self._names, HEALTH_SERVICE, reflection.SERVICE_NAME]
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(_Reflection(names, self._stop), self._server)
        self._started = True
        await self._server.start()

    async def drain(self, grace_s: float) -> None:
        """Report NOT_SERVING, refuse new calls, wait at most `grace_s` for those running, then cancel them."""
        self.health.stop()
        await self._server.stop(grace_s)
        try:
            await asyncio.wait_for(self._calls.idle(), HANDLER_EXIT_MAX_S)
        except TimeoutError:
            _log.warning("handlers still running after they were cancelled", waited_s=HANDLER_EXIT_MAX_S)

    async def close(self) -> None:
        """Free the port, whatever state the server is in."""
        if self._bound and not self._started:  # gRPC frees the port of a running server only
            await self._server.start()
        await self._server.stop(0)

    def _register(self, full_name: str) -> None:
        if self._started:
            raise RuntimeError(f"add {full_name} inside the lifespan, before the server starts")
        if full_name in self._names:
            raise RuntimeError(f"{full_name} is already served")
        self._names.append(full_name)


class _Registry:
    """Takes handlers as a server does, and keeps them by full method."""

    def __init__(self, handlers: "dict[str, grpc.RpcMethodHandler[Any, Any]]") -> None:
        self._handlers = handlers

    def add_generic_rpc_handlers(self, _: object) -> None:
        """The same handlers as below, behind an older door."""

    def add_registered_method_handlers(
        self, service: str, handlers: "Mapping[str, grpc.RpcMethodHandler[Any, Any]]"
    ) -> None:
        self._handlers.update({f"/{service}/{name}": handler for name, handler in handlers.items()})


class _Reflection(reflection.aio.ReflectionServicer):  # type: ignore[name-defined,misc] # the stubs leave it out
    """gRPC's reflection, whose streams end when the service stops."""

    def __init__(self, names: list[str], stop: asyncio.Event) -> None:
        super().__init__(names)
        self._stop = stop

    async def ServerReflectionInfo(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        async for response in super().ServerReflectionInfo(until_set(self._stop, requests), context):
            yield response

    def _file_containing_symbol(self, request: Any, fully_qualified_name: str) -> Any:
        """Of a method, the file of its service: protobuf's pool finds files by services and messages only."""
        try:
            service = descriptor_pool.Default().FindMethodByName(fully_qualified_name).containing_service
        except KeyError:
            return super()._file_containing_symbol(request, fully_qualified_name)
        return super()._file_containing_symbol(request, service.full_name)


def _cannot_listen(address: Address, setting: str, security: SecuritySettings) -> str:
    variable = ENVIRONMENT_PREFIX + setting.upper().replace(".", "__")
    reason = "the address is in use, or is not one of this machine"
    if security.mode == "mtls":
        reason += f", or {security.certificate} and {security.key} do not belong together"
    return (
        f"cannot listen on {address}: {reason}. Stop the process that has it, or choose another with "
        f"`{setting}` in the settings or {variable} (port 0 takes any free one)"
    )
