"""`kill -9` of each service in mid-stream: nothing lost, nothing doubled, the alerts of `detect`."""

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest

from ingest_service.formats import AUTO, FormatOptions, open_events
from tapewatch.cli.ledger import total
from tapewatch.cli.reference_files import publish_reference, read_reference
from tapewatch.client.ingest import IngestPublisher, PublishResult
from tapewatch.market.frame import Frame
from tests.end_to_end.market import MarketFile
from tests.end_to_end.stack import LOCAL, Stack, running_stack

pytestmark = pytest.mark.timeout(180)
ROWS_PER_BATCH = 50
KILLS = 2
IN_FLIGHT_MAX = 40
"""So many batches at most are not answered when a service is killed."""
OFTEN: dict[str, dict[str, object]] = {
    "ingest": {"snapshot_bytes": 1 << 18, "segment_bytes": 1 << 19},
    "detection": {"snapshot_every_events": 2_500},
}
"""Snapshots and segments so small that each kill falls between several."""
RECOVERY_MAX_S = 15.0
"""Five seconds are promised; tests share the machine with others."""


@pytest.mark.parametrize(
    ("names", "seed"),
    [(["ingest"], 1), (["detection"], 2), (["cases"], 3), (["cases", "detection", "ingest"], 4)],
    ids=["ingest", "detection", "cases", "all"],
)
async def test_whatever_is_killed_in_mid_stream_nothing_is_lost_or_doubled(
    names: list[str], seed: int, market: MarketFile, tmp_path: Path
) -> None:
    async with running_stack(tmp_path, changes=OFTEN) as stack:
        await publish_reference(stack.address("ingest"), LOCAL, read_reference(accounts=market.accounts))
        resent = await publish_with_kills(stack, market, names, seed)
        await stack.drained()
        alerts, ledger, frames = await stack.alerts(), total(await stack.ledger()), await stack.journal()
    print(f"seed {seed}: recovered in {', '.join(f'{each:.1f} s' for each in stack.recovery_s)}; {resent} rows resent")
    assert alerts == market.alerts
    assert positions(frames) == list(range(1, market.event_count + 1))
    assert (ledger.journalled, ledger.evaluated, ledger.rejected) == (market.event_count, market.event_count, 0)
    assert max(stack.recovery_s) < RECOVERY_MAX_S
    assert list((tmp_path / "detection").glob("*.snapshot"))


async def publish_with_kills(stack: Stack, market: MarketFile, names: list[str], seed: int) -> int:
    """Send the file and kill services between seeded batches, some in flight; the rows sent again."""
    frames = list(open_events(market.events, AUTO, FormatOptions(), {}).frames(ROWS_PER_BATCH))
    chance = random.Random(seed)
    points = sorted(chance.sample(range(IN_FLIGHT_MAX, len(frames)), KILLS))
    print(f"seed {seed}: {', '.join(names)} killed before batches {points} of {len(frames)}")
    killing: set[asyncio.Task[None]] = set()
    results: list[asyncio.Future[PublishResult]] = []
    async with IngestPublisher(stack.address("ingest"), name="test", patience_s=30.0) as publisher:
        for number, frame in enumerate(frames):
            if number in points:
                await asyncio.gather(*killing, results[number - chance.randint(1, IN_FLIGHT_MAX)])
                killing = {asyncio.create_task(stack.kill(name)) for name in names}
            results.append(await publisher.submit(frame))
            await asyncio.sleep(0)  # the stream, the kills and the recovery go on beside
        answers = await asyncio.gather(*results)
        await publisher.end_of_source(frames[0].text("source", 0))
    await asyncio.gather(*killing)
    assert sum(each.journalled + each.duplicates for each in answers) == market.event_count
    return sum(each.duplicates for each in answers)


def positions(frames: list[Frame]) -> list[int]:
    """Where in its file each journalled event stood, in the journal's order."""
    return [int(each) for each in np.concatenate([frame.columns["source_sequence"] for frame in frames])]
