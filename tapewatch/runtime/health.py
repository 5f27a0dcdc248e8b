"""gRPC health (grpc.health.v1) whose Watch ends when the service stops, so that it never holds up the drain."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tapewatch.runtime.errors import NotFound

HEALTH_SERVICE = "grpc.health.v1.Health"
_Status = health_pb2.HealthCheckResponse
SERVING = _Status.SERVING
NOT_SERVING = _Status.NOT_SERVING


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # the stubs leave its methods untyped
    """The serving status by service name; the empty name is the process. Everything is NOT_SERVING once stopping."""

    def __init__(self) -> None:
        self._statuses: dict[str, health_pb2.HealthCheckResponse.ServingStatus.ValueType] = {}
        self._changed = asyncio.Event()
        self._stopping = False

    def set(self, service_name: str, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        """Set the status of one service; ignored while stopping."""
        if not self._stopping:
            self._statuses[service_name] = status
            self._wake()

    def serve(self, service_names: Iterable[str]) -> None:
        """Report SERVING for each, except where the lifespan said otherwise."""
        for name in service_names:
            self.set(name, self._statuses.get(name, SERVING))

    def stop(self) -> None:
        """Report NOT_SERVING for everything and end every Watch."""
        self._statuses = dict.fromkeys(self._statuses, NOT_SERVING)
        self._stopping = True
        self._wake()

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> health_pb2.HealthCheckResponse:
        """The status now; NOT_FOUND for a name nobody registered, as the health protocol asks."""
        status = self._statuses.get(request.service)
        if status is None:
            raise NotFound(
                "SERVICE_UNKNOWN",
                f"expected one of {sorted(self._statuses)}, found {request.service!r}",
                service=request.service,
            )
        return health_pb2.HealthCheckResponse(status=status)

    async def List(
        self, request: health_pb2.HealthListRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> health_pb2.HealthListResponse:
        """All statuses."""
        statuses = {name: health_pb2.HealthCheckResponse(status=each) for name, each in self._statuses.items()}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """The status now and at every change, until the service stops."""
        sent = None
        while True:
            changed = self._changed
            status = self._statuses.get(request.service, _Status.SERVICE_UNKNOWN)
            if status != sent:
                yield health_pb2.HealthCheckResponse(status=status)
                sent = status
                continue
            if self._stopping:
                return
            await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
