"""kill -9 again and again under load: two kills in an ordinary run, ``make chaos`` asks for twenty of each."""

import asyncio
import os
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fix_gateway.audit.log import AUDIT_FOLDER
from fix_gateway.audit.reading import entries, verify
from fix_gateway.audit.replay import replayed
from fix_gateway.store import session_directory
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.store import FileStore, MemoryStore
from tapewatch.fix.transport import open_session
from tests.fix_gateway.processes import Stack
from tests.tapewatch.fix.fix_peer import report_fields

SOURCE = "FIX.4.4:XTWS->TAPEWATCH"
VENUE = SessionConfig("FIX.4.4", "XTWS", "TAPEWATCH")
KILLS = int(os.environ.get("TAPEWATCH_CHAOS_KILLS", "2"))
SEED = int(os.environ.get("TAPEWATCH_CHAOS_SEED", "5"))
SECONDS_A_KILL = 45
GAP_MESSAGES = 10_000
GAP_SECONDS_MAX = 10.0


async def journalled(client: IngestClient) -> int:
    """Events of our source that ingest has; 0 while it has none or is away."""
    try:
        source = await client.get_source(SOURCE)
    except ClientError:
        return 0
    assert source.rejected == 0
    return source.journalled


async def until_journalled(client: IngestClient, count: int) -> float:
    """Seconds until ingest has so many events."""
    begun_s = time.monotonic()
    async with asyncio.timeout(SECONDS_A_KILL):
        while await journalled(client) < count:  # noqa: ASYNC110  # another process has it
            await asyncio.sleep(0.01)
    return time.monotonic() - begun_s


async def executions(client: IngestClient, count: int) -> list[tuple[str, int]]:
    """Execution id and number of every event in the journal, in its order."""
    assert await journalled(client) == count
    found = [each async for each in client.stream_events(0, limit=count)]
    return [(each.event.execution_id, each.event.source_sequence) for each in found]


def in_audit_log(store: Path) -> set[str]:
    """The executions that the gateway's audit log, whole in spite of the kills, gives again."""
    config = replace(VENUE, sender=VENUE.target, target=VENUE.sender, role="acceptor")
    directory = session_directory(store, config) / AUDIT_FOLDER
    assert verify(directory).problem == ""
    return {each.message.text(17) for each in replayed(entries(directory), config)}


@pytest.mark.timeout(60 + SECONDS_A_KILL * KILLS)
@pytest.mark.parametrize("victim", ["fix_gateway", "ingest_service"])
async def test_killed_again_and_again_nothing_is_lost_or_doubled(stack: Stack, tmp_path: Path, victim: str) -> None:
    randomness = random.Random(SEED)
    sent, away_s = 0, list[float]()
    store = FileStore(tmp_path / "venue")
    async with (
        IngestClient(f"127.0.0.1:{stack.ingest}") as client,
        open_session("127.0.0.1", stack.fix, VENUE, store, logon_wait_s=60) as session,
    ):
        for kill in range(KILLS + 1):
            for _ in range(randomness.randint(300, 1500)):
                await session.send("8", report_fields(f"E{sent}"))
                sent += 1
            if kill < KILLS:
                stack.kill(victim)
                stack.start(victim)
                before = sent
                await session.send("8", report_fields(f"E{sent}"))
                sent += 1
                away_s.append(await until_journalled(client, before))
        await session.drained(60)
        await until_journalled(client, sent)
        found = await executions(client, sent)
    store.close()
    print(f"{KILLS} kills of {victim}, seed {SEED}: {sent} messages, longest away {max(away_s):.1f} s")
    assert [each for each, _ in found] == [f"E{number}" for number in range(sent)]
    numbers = [number for _, number in found]
    assert numbers == sorted(set(numbers))
    assert stack.stop() == {"ingest_service": 0, "fix_gateway": 0}
    assert in_audit_log(tmp_path / "fix") == {f"E{number}" for number in range(sent)}


@pytest.mark.timeout(120)
async def test_a_gap_of_ten_thousand_messages_is_recovered_in_ten_seconds(stack: Stack) -> None:
    store = MemoryStore()
    sender = Session(VENUE, store)
    sender.connected(time.time_ns())
    for number in range(GAP_MESSAGES):
        sender.send("8", report_fields(f"E{number}"), time.time_ns())
    async with IngestClient(f"127.0.0.1:{stack.ingest}") as client:
        async with open_session("127.0.0.1", stack.fix, VENUE, store, logon_wait_s=60):
            seconds = await until_journalled(client, GAP_MESSAGES)
        found = await executions(client, GAP_MESSAGES)
    print(f"a gap of {GAP_MESSAGES} messages was recovered in {seconds:.1f} s")
    assert [each for each, _ in found] == [f"E{number}" for number in range(GAP_MESSAGES)]
    assert seconds <= GAP_SECONDS_MAX
