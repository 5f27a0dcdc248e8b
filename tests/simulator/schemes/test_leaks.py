"""Labels stay beside the feed: nothing detection reads tells a scheme's orders from others by anything but conduct."""

import csv
import re
from collections import Counter
from math import exp, sqrt
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from simulator.output import write_run
from simulator.reference import HEADERS, Table
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import Camouflage
from simulator.schemes.play import ROLES
from simulator.simulation import Simulation, SimulationConfig, labelled_run
from tapewatch.market.event import COLUMN_BY_NAME
from tapewatch.market.reference import TABLES

ROOT = Path(__file__).parents[3]
PLAYED = [
    "spoofing",
    "quote_stuffing",
    "wash_self",
    "ping_pong",
    "pinging",
    "restricted_list",
    "position_concentration",
]
FORBIDDEN = {*SCHEMES, *ROLES, "scenario", "scheme", "severity", "camouflage", "benign", "spoof", "wash", "abuse"}
ALLOWED = {"deal team", "position"}
CHI_SQUARE_9_0001 = 27.88
"""A chi-square of nine degrees of freedom exceeds this once in a thousand times."""
SIGNIFICANCE = 0.001


class Written:
    """A run written to files, and the truth about it."""

    def __init__(self, out: Path) -> None:
        config = labelled_run(PLAYED, seed=8, minutes=4, severity=0.8, camouflage=Camouflage(mixed=0.5, split=1.0))
        write_run(out, config, 0.8)
        self.out = out
        self.rows = pq.read_table(out / "events.parquet").to_pylist()
        self.simulation = Simulation(config)
        for _ in self.simulation.reports():
            pass
        self.order_ids = {order_id for label in self.simulation.labels() for order_id in label.order_ids}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("run"))


def test_the_feed_has_columns_of_the_event_table_and_no_extension(written: Written) -> None:
    names = set(pq.read_schema(written.out / "events.parquet").names)
    assert names <= set(COLUMN_BY_NAME)
    assert not [name for name in names if name.startswith("x_") or name in FORBIDDEN]


def test_reference_files_have_the_columns_detection_knows_and_rows_in_an_order_of_their_own(written: Written) -> None:
    for table in ("accounts", "instruments", *get_args(Table)):
        with (written.out / f"{table}.csv").open(encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert set(header) <= set(TABLES[table])
        if table in HEADERS:
            assert rows == sorted(rows)
    assert [row["account"] for row in _table(written, "accounts")] == sorted(
        row["account"] for row in _table(written, "accounts")
    )


def test_no_text_of_the_feed_or_of_reference_data_names_a_scheme_or_a_role(written: Written) -> None:
    texts = {str(value) for row in written.rows for value in row.values() if isinstance(value, str)}
    for table in ("accounts", "instruments", *get_args(Table)):
        texts |= {value for row in _table(written, table) for value in row.values()}
    words = {word for text in texts - ALLOWED for word in re.findall(r"[a-z_]+", text.lower())}
    assert not words & FORBIDDEN


def test_ids_rise_with_the_feed_and_their_last_digit_says_nothing_of_a_scheme(written: Written) -> None:
    entered = [row["order_id"] for row in written.rows if row["kind"] == "NEW"]
    assert [int(order_id) for order_id in entered] == sorted(int(order_id) for order_id in entered)
    assert len(written.order_ids) > 300
    digits = Counter((order_id in written.order_ids, order_id[-1]) for order_id in entered)
    share = len(written.order_ids) / len(entered)
    chi_square = sum(
        (digits[True, digit] - share * total) ** 2 / (share * (1 - share) * total)
        for digit in "0123456789"
        if (total := digits[True, digit] + digits[False, digit])
    )
    assert chi_square < CHI_SQUARE_9_0001


def test_client_order_ids_and_traders_follow_from_the_feed_and_the_account_alone(written: Written) -> None:
    news = [row for row in written.rows if row["kind"] == "NEW"]
    requests = [int(row["client_order_id"]) for row in news]
    traders = {(row["account"], row["trader"]) for row in news}
    assert requests == sorted(requests)
    assert len(traders) == len({account for account, _ in traders})


def test_names_of_culprits_are_drawn_as_everybodys(written: Written) -> None:
    culprits: list[int] = []
    others: list[int] = []
    for seed in range(20, 45):
        simulation = Simulation(labelled_run(["spoofing", "wash_owner", "ping_pong"], seed=seed, minutes=1, severity=1))
        named = {account for scenario in simulation.scenarios for account in scenario.accounts}
        for account in simulation.population.everybody:
            (culprits if account in named else others).append(int(account.account[2:]))
    assert _kolmogorov_p(culprits, others) > SIGNIFICANCE


def test_reference_data_of_a_run_without_schemes_has_the_same_kinds_of_rows() -> None:
    plain = Simulation(SimulationConfig(seed=8, minutes=4)).reference.rows
    played = Simulation(labelled_run(PLAYED, seed=8, minutes=4, severity=0.8)).reference.rows
    for table, rows in plain.items():
        assert rows, f"{table} is empty unless a scheme is played"
        assert set(rows) <= set(played[table])


def test_nothing_detection_is_made_of_imports_the_simulator_or_opens_labels() -> None:
    for folder in ("detection_service", "ingest_service", "fix_gateway", "tapewatch/market"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(from|import) simulator", source, re.MULTILINE), path
            assert "labels.jsonl" not in source, path
            assert "benign.jsonl" not in source, path


def _table(written: Written, name: str) -> list[dict[str, str]]:
    with (written.out / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _kolmogorov_p(first: list[int], second: list[int]) -> float:
    """Chance that two samples of one distribution differ as much (Kolmogorov and Smirnov, for large samples)."""
    both = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    counts, widest = [0, 0], 0.0
    for _, which in both:
        counts[which] += 1
        widest = max(widest, abs(counts[0] / len(first) - counts[1] / len(second)))
    scaled = widest * sqrt(len(first) * len(second) / (len(first) + len(second)))
    terms = ((1.0 if k % 2 else -1.0) * exp(-2.0 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, 2.0 * sum(terms))
