"""The events the benches run on: sessions of the simulated market, and accounts at random."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa

from ingest_service.formats.columns import event_frame
from simulator.event_table import SCHEMA
from simulator.output import write_reference
from simulator.report import Report
from simulator.simulation import DEMO_SCHEMES, DEMO_SEED, DEMO_SEVERITY, Simulation, labelled_run
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference, read_table

SESSION_MINUTES = 20.0
SESSION_GAP_NS = 3_600 * 1_000_000_000
ROWS_A_FRAME = 4_096
VENUE = "XTWS"
SOURCE = "bench"
START_NS = 1_772_442_000_000_000_000
STEP_NS = 10_000_000
ACCOUNTS = 200
INSTRUMENTS = 4
ENTERED_SHARE = 0.5
CANCELLED_SHARE = 0.42
"""Of the random events; the rest are fills."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the simulated market and who owns its accounts."""

    reports: list[Report]
    reference: Reference

    @property
    def span_ns(self) -> int:
        """From the first event to the last."""
        return self.reports[-1].event_time_ns - self.reports[0].event_time_ns


def session(number: int = 0, minutes: float = SESSION_MINUTES, activity: float = 1.0) -> Session:
    """The labelled market of so many minutes (`activity` times as dense); each number is later and has its own ids."""
    config = labelled_run(DEMO_SCHEMES, seed=DEMO_SEED, minutes=minutes, severity=DEMO_SEVERITY, activity=activity)
    start_ns = config.start_time_ns + number * (int(minutes * 60e9) + SESSION_GAP_NS)
    simulation = Simulation(replace(config, start_time_ns=start_ns, session_number=number))
    reports = list(simulation.reports())
    with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
        write_reference(Path(directory), simulation)
        reference = Reference.of(accounts=read_table("accounts", Path(directory) / "accounts.csv"))
    return Session(reports, reference)


def frames_of(reports: Sequence[Report], first_sequence: int = 1, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
    """The reports as frames of one source, numbered on from `first_sequence`."""
    for start in range(0, len(reports), rows_a_frame):
        part = reports[start : start + rows_a_frame]
        by_column = zip(*part, strict=True)
        columns = {
            field.name: pa.array(values, field.type) for field, values in zip(SCHEMA, by_column, strict=True)
        }  # fmt: skip
        columns["source"] = pa.array([SOURCE] * len(part))
        columns["source_sequence"] = pa.array(range(first_sequence, first_sequence + len(part)), pa.int64())
        frame, _ = event_frame(columns)
        first_sequence += len(part)
        yield frame


def encoded(frames: Iterator[Frame]) -> list[bytes]:
    """The frames as they travel."""
    return [frame.encode() for frame in frames]


def accounts_at_random(count: int, seed: int = 1, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
    """Everybody enters, cancels and trades at random in one instrument: what asks the rules as often as can be."""
    rows = _random_rows(count, random.Random(seed))
    while part := list(islice(rows, rows_a_frame)):
        yield Frame.from_rows(part)


def _random_rows(count: int, source: random.Random) -> Iterator[dict[str, object]]:
    live: list[dict[str, object]] = []
    for number in range(count):
        common = {
            "event_time_ns": START_NS + number * STEP_NS,
            "venue": VENUE,
            "instrument": "BENCH",
            "source": SOURCE,
            "source_sequence": number + 1,
        }
        draw = source.random()
        if draw < ENTERED_SHARE or not live:
            side = source.choice(("BUY", "SELL"))
            away = source.randint(1, 20) * 0.01
            order: dict[str, object] = {
                "account": f"ACCOUNT{source.randrange(ACCOUNTS):04d}",
                "order_id": f"order-{number}",
                "side": side,
                "price": round(100.0 - away if side == "BUY" else 100.0 + away, 2),
                "quantity": 100.0 * source.choice((1, 1, 2, 3, 5, 50)),
            }
            live.append(order)
            yield {**common, "kind": "NEW", **order}
            continue
        chosen = source.randrange(len(live))
        live[chosen], live[-1] = live[-1], live[chosen]
        kind = "CANCEL" if draw < ENTERED_SHARE + CANCELLED_SHARE else "FILL"
        yield {**common, "kind": kind, **live.pop(), "leaves_quantity": 0.0}
