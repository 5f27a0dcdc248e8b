"""The events the benches run on: sessions of the simulated market, standing orders, and accounts at random."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from ingest_service.formats.columns import event_frame
from simulator.output import SCHEMA, write_reference
from simulator.report import Report
from simulator.simulation import DEMO_SCHEMES, DEMO_SEED, DEMO_SEVERITY, Simulation, labelled_run
from tapewatch.market.event import Kind, Side
from tapewatch.market.frame import Array, Frame
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


def standing_orders(count: int, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
    """That many orders that come to rest in the books, away from each other's side; ids count from 0."""
    for start in range(0, count, rows_a_frame):
        numbers = np.arange(start, min(start + rows_a_frame, count))
        yield _order_frame(numbers, np.full(len(numbers), Kind.NEW), numbers)


def churn(live: int, events: int, seed: int = 1, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
    """Cancels of standing orders drawn at random, each followed by a new order, so that as many stay alive."""
    gone = np.random.default_rng(seed).choice(live, size=events // 2, replace=False)
    numbers = np.empty(2 * len(gone), dtype=np.int64)
    numbers[0::2] = gone
    numbers[1::2] = live + np.arange(len(gone))
    kinds = np.tile(np.array([Kind.CANCEL, Kind.NEW]), len(gone))
    for start in range(0, len(numbers), rows_a_frame):
        stop = min(start + rows_a_frame, len(numbers))
        yield _order_frame(numbers[start:stop], kinds[start:stop], live + np.arange(start, stop))


def _order_frame(orders: Array, kinds: Array, places: Array) -> Frame:
    """Rows of kinds for order numbers; everything else of an order follows from its number, time from the place."""
    count = len(orders)
    none = np.zeros(count, dtype=np.int64)
    side = np.where(orders % 2, Side.SELL, Side.BUY)
    away = (1 + orders // 2 % 400) * 0.01
    numbers = {
        "event_time_ns": START_NS + places * 100_000,
        "kind": kinds,
        "side": side,
        "price": np.where(side == Side.BUY, 100.0 - away, 100.0 + away),
        "quantity": 100.0 + 100.0 * (orders % 7),
        "source_sequence": places + 1,
    }
    texts = {
        "venue": (none, [VENUE]),
        "source": (none, [SOURCE]),
        "instrument": (orders // 8 % INSTRUMENTS, [f"BENCH{number}" for number in range(INSTRUMENTS)]),
        "account": (orders % ACCOUNTS, [f"ACCOUNT{number:04d}" for number in range(ACCOUNTS)]),
        "order_id": (np.arange(count), [f"order-{number}" for number in orders.tolist()]),
    }
    return Frame.from_columns(count, numbers, texts)


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
