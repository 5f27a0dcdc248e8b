"""Late events and busts through the real services, with kills: the alerts that stand are those of `detect`."""

import asyncio
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest_service.formats import AUTO, FormatOptions, open_events
from tapewatch.alert import from_message, to_json
from tapewatch.cli.ledger import total
from tapewatch.cli.reference_files import publish_reference, read_reference
from tapewatch.client.ingest import IngestPublisher
from tapewatch.market.frame import Frame
from tests.end_to_end.market import MarketFile, detected
from tests.end_to_end.stack import LOCAL, Stack, running_stack, until

pytestmark = pytest.mark.timeout(180)
ROWS_PER_BATCH = 50
LATE_ROWS = 40
SOON: dict[str, dict[str, object]] = {"detection": {"snapshot_every_events": 700, "correction_delay_s": 0.05}}


async def test_late_events_and_busts_with_kills_leave_the_alerts_of_the_events_in_order(
    small_market: MarketFile, tmp_path: Path
) -> None:
    seed = 11
    chance = random.Random(seed)
    events, busted = with_busts(small_market, tmp_path / "events.parquet", chance)
    expected = {
        name: stripped(alert) for name, alert in detected([events], small_market.accounts, tmp_path / "a").items()
    }
    frame = Frame.concat(list(open_events(events, AUTO, FormatOptions(), {}).frames(4096)))
    async with running_stack(tmp_path, changes=SOON) as stack:
        await publish_reference(stack.address("ingest"), LOCAL, read_reference(accounts=small_market.accounts))
        await publish_in_disorder(stack, frame, chance)
        await stack.drained()
        await until(lambda: is_corrected(stack), "events still await a correction run")
        await stack.drained()
        state, ledger, stored = (
            await stack.detection.status(),
            total(await stack.ledger()),
            await stack.cases.list_alerts(),
        )
    print(f"seed {seed}: {state.corrections}, late {ledger.late}, busted trades {busted}")
    standing = {
        alert.alert_id: stripped(to_json(from_message(alert))) for alert in stored if not alert.withdrawn_reason
    }
    assert standing == expected
    assert state.corrections.busted >= len(busted)
    assert ledger.late == ledger.corrected > 0 == ledger.awaiting
    assert ledger.journalled == ledger.evaluated + ledger.late == frame.row_count


async def is_corrected(stack: Stack) -> bool:
    state = await stack.detection.status()
    return not state.corrections.pending and all(source.awaiting == 0 for source in state.sources)


def stripped(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without its revision, which counts how often it was told."""
    return {name: value for name, value in alert.items() if name != "revision"}


def with_busts(market: MarketFile, path: Path, chance: random.Random) -> tuple[Path, list[str]]:
    """The market with two trades that alerts rest on busted at its end; their ids."""
    table = pq.read_table(market.events)
    named = sorted({trade for alert in market.alerts.values() for trade in alert["trade_ids"]})
    busted = chance.sample(named, 2)
    rows = [row for row in table.to_pylist() if row["trade_id"] in busted and row["kind"] == "FILL"]
    times = sorted(table["event_time_ns"].to_pylist())
    schema = table.schema.append(pa.field("reference_execution_id", pa.string()))
    busts = [
        {
            "event_time_ns": times[-10],
            "kind": "BUST",
            "venue": venue,
            "instrument": name,
            "reference_execution_id": trade,
        }
        for venue, name, trade in sorted({(row["venue"], row["instrument"], row["trade_id"]) for row in rows})
    ]
    whole = pa.concat_tables(
        [
            table.append_column("reference_execution_id", pa.nulls(len(times), pa.string())),
            pa.Table.from_pylist(busts, schema),
        ]
    )
    pq.write_table(whole.sort_by("event_time_ns"), path)
    return path, busted


async def publish_in_disorder(stack: Stack, frame: Frame, chance: random.Random) -> None:
    """Send the rows, some of them long after their time, and kill detection on the way and after the end."""
    times = frame.columns["event_time_ns"]
    alone = np.flatnonzero((times[1:-1] > times[:-2]) & (times[1:-1] < times[2:])) + 1
    late = set(chance.sample(alone.tolist(), LATE_ROWS))
    order = [row for row in range(frame.row_count) if row not in late]
    for row in sorted(late):
        order.insert(chance.randrange(row, len(order)), row)
    kill_at = chance.randrange(len(order) // 2, len(order))
    async with IngestPublisher(stack.address("ingest"), name="test", patience_s=30.0) as publisher:
        results = []
        for start in range(0, len(order), ROWS_PER_BATCH):
            if start <= kill_at < start + ROWS_PER_BATCH:
                await stack.kill("detection")
            results.append(await publisher.submit(frame.take(np.array(order[start : start + ROWS_PER_BATCH]))))
        await asyncio.gather(*results)
        await publisher.end_of_source(frame.text("source", 0))
    await stack.kill("detection")
