"""kill -9 in the middle of recording: what was acknowledged is there, and nothing is there twice."""

import asyncio
import json
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2_grpc
from tapewatch.alert import Alert
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.databases import dialect, rows_of
from tests.case_service.fakes import call, later, record

CHECKOUT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 20
SENDERS = 4
BATCH = 20
SEED = int(os.environ.get("TAPEWATCH_SEED", "20260302"))


async def start(database: str, listen: str = "127.0.0.1:0") -> tuple[Process, str]:
    """A case service in a process of its own, and the address it says it is ready on."""
    environment = {
        **os.environ,
        "TAPEWATCH__CASES__LISTEN": listen,
        "TAPEWATCH__CASES__DATABASE": str(database),
        "TAPEWATCH__LOG__FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "case_service", cwd=CHECKOUT, env=environment, stderr=PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(READY_TIMEOUT_S):
        async for line in process.stderr:
            said = json.loads(line)
            if said["event"] == "ready":
                return process, said["listen"]
    raise AssertionError(f"the service ended with {await process.wait()} before it was ready")


@asynccontextmanager
async def serving(database: str) -> AsyncIterator[tuple[Process, Any]]:
    process, listen = await start(database)
    try:
        async with open_channel(listen, SecuritySettings()) as channel:
            yield process, case_pb2_grpc.CaseServiceStub(channel)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def send_until_refused(stub: Any, batches: list[list[Alert]], acknowledged: dict[str, str]) -> None:
    """Send batches, entering what is acknowledged (alert to case), until the service is gone."""
    while batches:
        batch = batches.pop()
        try:
            results = await record(stub, batch)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                return
            raise
        acknowledged.update({each.alert_id: each.case_id for each in results})


async def everything(stub: Any, method: str, field: str) -> list[Any]:
    items: list[Any] = []
    token = None
    while token != "":
        page = await call(stub, method, page_size=1_000, page_token=token or "")
        items += getattr(page, field)
        token = page.next_page_token
    return items


@pytest.mark.timeout(120)
async def test_what_was_acknowledged_survives_kill_9_and_nothing_is_doubled(database: str) -> None:
    print(f"seed {SEED} (TAPEWATCH_SEED)")
    chance = random.Random(SEED)
    alerts = [later(number, number % 97, owners=(f"O{number % 50}",)) for number in range(20_000)]
    batches = [alerts[begin : begin + BATCH] for begin in range(0, len(alerts), BATCH)]
    acknowledged: dict[str, str] = {}
    for _ in range(3):
        async with serving(database) as (process, stub):
            enough = len(acknowledged) + chance.randrange(200, 1_500)
            senders = [asyncio.create_task(send_until_refused(stub, batches, acknowledged)) for _ in range(SENDERS)]
            while len(acknowledged) < enough:
                await asyncio.wait(senders, timeout=0.001, return_when=asyncio.FIRST_COMPLETED)
            process.kill()
            await asyncio.gather(*senders)
        assert batches, "expected batches still to send at the kill, found none"
    async with serving(database) as (process, stub):
        await _check(stub, acknowledged)
        process.terminate()
        assert await process.wait() == 0
    if dialect(database) == "sqlite":
        assert not list(Path(database).parent.glob("*-wal")), "expected a clean stop to fold the log in"
        assert rows_of(database, "PRAGMA integrity_check") == [("ok",)]


async def _check(stub: Any, acknowledged: dict[str, str]) -> None:
    cases = await everything(stub, "ListCases", "cases")
    held = {alert_id: case.case_id for case in cases for alert_id in case.alert_ids}
    assert acknowledged.items() <= held.items()
    stored = Counter(each.alert_id for each in await everything(stub, "ListAlerts", "alerts"))
    assert set(stored.values()) == {1}
    assert sum(len(case.alert_ids) for case in cases) == len(stored)
    assert sorted(case.number for case in cases) == list(range(1, len(cases) + 1))
    verified = await call(stub, "VerifyAudit")
    assert (verified.intact, verified.records) == (True, len(stored))
