"""The gateway as a process; that kill -9 loses nothing is in test_kills.py."""

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.fix_gateway.processes import Stack


async def test_the_gateway_answers_health(stack: Stack) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{stack.status}") as channel:
        request = health_pb2.HealthCheckRequest()
        answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=30, wait_for_ready=True)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
