"""The same file by `detect` and by `replay` through the running services: the same alerts, whatever the batches."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tapewatch.cli.ledger import total
from tests.end_to_end.market import MarketFile, detected
from tests.end_to_end.stack import running_stack

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("rows_per_batch", "by_control"),
    [(7, True), (1_000, False)],
    ids=["7 rows, owners from the journal", "1000 rows, owners from the settings"],
)
async def test_a_replayed_file_gives_the_alerts_of_detect_whatever_the_batches(
    rows_per_batch: int, by_control: bool, market: MarketFile, tmp_path: Path
) -> None:
    await replay_and_compare(market, rows_per_batch, tmp_path, by_control=by_control)


async def test_batches_of_one_row_give_the_alerts_of_detect(small_market: MarketFile, tmp_path: Path) -> None:
    await replay_and_compare(small_market, 1, tmp_path, by_control=True)


async def replay_and_compare(market: MarketFile, rows_per_batch: int, home: Path, *, by_control: bool) -> None:
    """Accounts go by a control record before the events, or by detection's settings."""
    changes: dict[str, object] = {} if by_control else {"accounts": str(market.accounts)}
    reference = ("--accounts", market.accounts) if by_control else ()
    async with running_stack(home, changes={"detection": changes}) as stack:
        sent = await stack.command("replay", market.events, *reference, "--batch", rows_per_batch)
        await stack.drained()
        printed = await stack.command("sources")
        alerts, ledger = await stack.alerts(), total(await stack.ledger())
    assert len(market.alerts) >= 5
    assert alerts == market.alerts
    assert (sent["sent"], sent["journalled"], sent["duplicates"]) == (market.event_count, market.event_count, 0)
    assert (ledger.received, ledger.journalled, ledger.evaluated) == (market.event_count,) * 3
    assert (printed["total"]["ingest_balances"], printed["total"]["detection_balances"]) == (True, True)
    assert printed["total"]["ended"] is True


async def test_files_that_interleave_give_the_alerts_of_detect_over_them(market: MarketFile, tmp_path: Path) -> None:
    table = pq.read_table(market.events)
    first = pc.equal(table["instrument"], table["instrument"][0])
    files = [tmp_path / "one.parquet", tmp_path / "others.parquet"]
    for path, chosen in zip(files, (first, pc.invert(first)), strict=True):
        pq.write_table(table.filter(chosen), path)
    expected = detected(files, market.accounts, tmp_path / "alerts.jsonl")
    async with running_stack(tmp_path) as stack:
        await stack.command("replay", *files, "--accounts", market.accounts, "--batch", 200)
        await stack.drained()
        alerts, ledger = await stack.alerts(), total(await stack.ledger())
    assert len(expected) == len(market.alerts)
    assert alerts == expected
    assert (ledger.evaluated, ledger.late) == (market.event_count, 0)
