"""The gateway and ingest as processes, killed while reports flow: nothing is lost, nothing doubled."""

import asyncio
from pathlib import Path

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tapewatch.client.ingest import IngestClient
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import FileStore
from tapewatch.fix.transport import open_session
from tests.fix_gateway.processes import Stack
from tests.tapewatch.fix.fix_peer import report_fields

SOURCE = "FIX.4.4:XTWS->TAPEWATCH"
VENUE = SessionConfig("FIX.4.4", "XTWS", "TAPEWATCH")
MESSAGES = 3000
KILLS = {500: "fix_gateway", 1200: "ingest_service", 1900: "fix_gateway"}


async def journalled(port: int) -> tuple[int, int]:
    """Events of our source journalled and rejected, once ingest answers."""
    async with IngestClient(f"127.0.0.1:{port}") as client:
        source = await client.get_source(SOURCE)
        return source.journalled, source.rejected


@pytest.mark.timeout(120)
async def test_killed_in_mid_stream_nothing_is_lost_or_doubled(stack: Stack, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "venue")
    async with open_session("127.0.0.1", stack.fix, VENUE, store, logon_wait_s=30) as session:
        for number in range(MESSAGES):
            await session.send("8", report_fields(f"E{number}"))
            if number in KILLS:
                stack.kill(KILLS[number])
                stack.start(KILLS[number])
        await session.drained(60)
    store.close()
    async with asyncio.timeout(30):
        while (found := await journalled(stack.ingest))[0] < MESSAGES:  # noqa: ASYNC110  # another process has it
            await asyncio.sleep(0.05)
    assert found == (MESSAGES, 0)
    assert stack.stop() == {"ingest_service": 0, "fix_gateway": 0}


async def test_the_gateway_answers_health(stack: Stack) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{stack.status}") as channel:
        request = health_pb2.HealthCheckRequest()
        answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=30, wait_for_ready=True)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
