"""A small market with labelled abuse as a file, and what the engine makes of it without any service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simulator.output import write_simulation
from tapewatch.cli.main import main

SCHEMES = ("spoofing", "layering", "wash_self", "wash_owner", "ping_pong")
SEED = 5
MINUTES = 4.5
SEVERITY = 0.85
QUIET_NS = 25 * 3_600 * 10**9
"""The venue closes so long after the last event: every episode is over by then."""


@dataclass(frozen=True)
class MarketFile:
    """Events, who owns the accounts, and by alert id the final revisions `tapewatch detect` gives."""

    events: Path
    accounts: Path
    event_count: int
    alerts: dict[str, dict[str, Any]]


def write_market(directory: Path, minutes: float = MINUTES, activity: float = 1.0) -> MarketFile:
    """Simulate, let the venue close long after the last event, detect."""
    write_simulation(directory, list(SCHEMES), SEED, minutes, SEVERITY, activity=activity)
    events, accounts = directory / "events.parquet", directory / "accounts.csv"
    table = _with_close(pq.read_table(events))
    pq.write_table(table, events)
    return MarketFile(events, accounts, table.num_rows, detected([events], accounts, directory / "alerts.jsonl"))


def closing_rows(instruments: set[tuple[str, str]], last_time_ns: int) -> list[dict[str, Any]]:
    """The venue's word that instruments, (venue, instrument), have closed, long after the last event."""
    time_ns = last_time_ns + QUIET_NS
    return [
        {"event_time_ns": time_ns, "kind": "PHASE", "venue": venue, "instrument": instrument, "phase": "CLOSE"}
        for venue, instrument in sorted(instruments)
    ]


def detected(files: Sequence[Path], accounts: Path, out: Path) -> dict[str, dict[str, Any]]:
    """The alerts of `tapewatch detect`, by id."""
    assert main(["detect", *map(str, files), "--accounts", str(accounts), "--out", str(out), "--json"]) == 0
    alerts = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return {alert["alert_id"]: alert for alert in alerts}


def _with_close(table: pa.Table) -> pa.Table:
    instruments = set(zip(table["venue"].to_pylist(), table["instrument"].to_pylist(), strict=True))
    rows = closing_rows(instruments, max(table["event_time_ns"].to_pylist()))
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)])
