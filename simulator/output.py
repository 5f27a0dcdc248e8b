"""Writes a simulation to a directory: the events or a FIX log, and beside them reference data and the labels."""

import csv
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.drop_copy import BEGIN_STRING, TIMESTAMP_DIGITS, DropCopy
from simulator.event_table import REPEATED, SCHEMA, table_of
from simulator.instrument import Instrument
from simulator.labels import write_benign, write_labels
from simulator.population import Population
from simulator.reference import baselines, fixings_text
from simulator.report import COLUMNS, Report
from simulator.schemes.camouflage import NONE, Camouflage
from simulator.simulation import Simulation, SimulationConfig, labelled_run
from simulator.tables import write_table
from simulator.tape import KIND_NAMES, Batch
from simulator.venues import HoursName, MarketName, clock_text
from tapewatch.fix.codec import encode
from tapewatch.fix.timestamps import format_timestamp

Format = Literal["events", "csv", "fix"]
EVENT_FILES: dict[Format, str] = {"events": "events.parquet", "csv": "events.csv", "fix": "drop_copy.fix"}
FIX_SENDER = "XTWS"
FIX_TARGET = "TAPEWATCH"
BATCH_EVENTS = 65_536
BATCHES_UNDER_WAY_MAX = 2
WRITING = {"use_dictionary": REPEATED, "write_statistics": ["event_time_ns"], "store_schema": False}
"""How Parquet is written: texts read back as texts, and statistics of the one column that is looked up by."""
TRUTH_TEXTS = {True: "true", False: "false", None: ""}

Progress = Callable[[int, float], None]
"""Called now and then with (events so far, share of the simulated time done, 0..1)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written; `events_by_kind` sums to `events`."""

    out: str
    seed: int
    minutes: float
    severity: float
    format: str
    events: int
    events_by_kind: dict[str, int]
    scenarios: int
    scenarios_by_scheme: dict[str, int]
    hard_negatives: dict[str, int]
    start_time_ns: int
    end_time_ns: int
    files: list[str]


class EventSink(Protocol):
    """Something that takes the venue's reports, in order, and is closed at the end."""

    def write(self, reports: list[Report]) -> None:
        """Take some reports."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class ParquetSink:
    """Writes the event table as Parquet; batches are written by a thread of its own while the market goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._thread = ThreadPoolExecutor(1, "events.parquet")
        self._under_way: deque[Future[None]] = deque()

    def write(self, reports: list[Report]) -> None:
        """Write one row group."""
        columns = [
            pa.array([None if value == "" else value for value in values], field.type)
            for values, field in zip(zip(*reports, strict=True), SCHEMA, strict=True)
        ]
        self._write(pa.table(columns, schema=SCHEMA))

    def write_batch(self, batch: Batch) -> None:
        """Write one row group, later; at most `BATCHES_UNDER_WAY_MAX` wait. Raises what an earlier one failed with."""
        while len(self._under_way) >= BATCHES_UNDER_WAY_MAX:
            self._under_way.popleft().result()
        self._under_way.append(self._thread.submit(self._write_table_of, batch))

    def _write_table_of(self, batch: Batch) -> None:
        self._write(table_of(batch))

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, **WRITING)
        self._writer.write_table(table.cast(self._writer.schema))

    def settle(self) -> None:
        """Return once what is under way is written; raises what failed."""
        while self._under_way:
            self._under_way.popleft().result()

    def close(self) -> None:
        """Write what is under way and the footer."""
        try:
            self.settle()
        finally:
            self._thread.shutdown()
            if self._writer is not None:
                self._writer.close()


class CsvSink:
    """Writes the event table as CSV with a header; absent values are empty."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def write(self, reports: list[Report]) -> None:
        """Write rows."""
        flag = COLUMNS.index("aggressor")
        self._writer.writerows((*one[:flag], TRUTH_TEXTS[one.aggressor], *one[flag + 1 :]) for one in reports)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class FixSink:
    """Writes the drop copy as a FIX log: one message a line, fields ended by SOH."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._drop_copy = DropCopy()
        self._sequence = 0

    def write(self, reports: list[Report]) -> None:
        """Write messages."""
        self._file.writelines(encode(BEGIN_STRING, self._fields(report)) + b"\n" for report in reports)

    def _fields(self, report: Report) -> Iterator[tuple[int, str | int | float | bool | bytes]]:
        self._sequence += 1
        message_type, fields = self._drop_copy.message(report)
        yield 35, message_type
        yield 49, FIX_SENDER
        yield 56, FIX_TARGET
        yield 34, self._sequence
        yield 52, format_timestamp(report.event_time_ns, TIMESTAMP_DIGITS)
        yield from fields

    def close(self) -> None:
        """Close the file."""
        self._file.close()


SINKS: dict[Format, Callable[[Path], EventSink]] = {"events": ParquetSink, "csv": CsvSink, "fix": FixSink}


def write_simulation(
    out: Path,
    schemes: list[str],
    seed: int,
    minutes: float,
    severity: float,
    format: Format = "events",
    progress: Progress | None = None,
    activity: float = 1.0,
    hard_negatives: Sequence[str] = (),
    camouflage: Camouflage = NONE,
    market: MarketName = "shares",
    hours: HoursName = "none",
) -> Summary:
    """Simulate and write events, reference data, labels.jsonl, benign.jsonl and manifest.json into a directory.

    `minutes` is the least simulated length; it runs on until every scheme has been played. Raises ValueError for an
    unknown scheme or format, a severity outside 0..1 or a length that is not positive.
    """
    if format not in SINKS:
        raise ValueError(f"no format named {format}: choose from {', '.join(SINKS)}")
    if not minutes > 0:
        raise ValueError(f"minutes must be greater than 0 for a file, found {minutes:g}")
    config = labelled_run(
        schemes,
        seed=seed,
        minutes=minutes,
        severity=severity,
        activity=activity,
        hard_negatives=hard_negatives,
        camouflage=camouflage,
        market=market,
        hours=hours,
    )
    return write_run(out, config, severity, format, progress)


def write_run(
    out: Path, config: SimulationConfig, severity: float, format: Format = "events", progress: Progress | None = None
) -> Summary:
    """Run a configuration and write it, as `write_simulation` does."""
    simulation = Simulation(config)
    tables = write_reference(out, simulation)
    kinds = _write_events(SINKS[format](out / EVENT_FILES[format]), simulation, progress)
    labels = simulation.labels()
    write_labels(out / "labels.jsonl", labels)
    benign = simulation.benign_labels()
    write_benign(out / "benign.jsonl", benign)
    summary = Summary(
        out=str(out),
        seed=config.seed,
        minutes=config.minutes,
        severity=severity,
        format=format,
        events=kinds.total(),
        events_by_kind=dict(sorted(kinds.items())),
        scenarios=len(labels),
        scenarios_by_scheme=dict(sorted(Counter(label.typology for label in labels).items())),
        hard_negatives=dict(sorted(Counter(label.typology for label in benign).items())),
        start_time_ns=config.start_time_ns,
        end_time_ns=simulation.now_ns,
        files=[EVENT_FILES[format], *tables, "labels.jsonl", "benign.jsonl", "manifest.json"],
    )
    manifest = {key: value for key, value in asdict(summary).items() if key != "out"}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return summary


def _write_events(sink: EventSink, simulation: Simulation, progress: Progress | None) -> Counter[str]:
    if isinstance(sink, ParquetSink):
        return _write_batches(sink, simulation, progress)
    kinds: Counter[str] = Counter()
    reports = simulation.reports()
    try:
        while batch := list(islice(reports, BATCH_EVENTS)):
            sink.write(batch)
            kinds.update(report.kind for report in batch)
            _tell(progress, kinds.total(), simulation)
    finally:
        sink.close()
    return kinds


def _write_batches(sink: ParquetSink, simulation: Simulation, progress: Progress | None) -> Counter[str]:
    kinds: Counter[str] = Counter()
    try:
        for batch in simulation.batches(BATCH_EVENTS):
            sink.write_batch(batch)
            counts = np.bincount(batch.columns["kind"], minlength=max(KIND_NAMES) + 1)
            kinds.update({name: int(counts[code]) for code, name in KIND_NAMES.items() if counts[code]})
            _tell(progress, kinds.total(), simulation)
    finally:
        sink.close()
    return kinds


def _tell(progress: Progress | None, events: int, simulation: Simulation) -> None:
    start_ns, end_ns = simulation.config.start_time_ns, simulation.end_time_ns
    if progress is not None and end_ns is not None:
        progress(events, min(1.0, (simulation.now_ns - start_ns) / (end_ns - start_ns)))


def write_reference(out: Path, simulation: Simulation) -> list[str]:
    """Write the tables of reference data, accounts.csv and instruments.csv among them; returns their names."""
    out.mkdir(parents=True, exist_ok=True)
    instruments = simulation.config.instruments
    profiles = baselines(simulation.population, instruments, simulation.config.seed)
    _write_accounts(out / "accounts.csv", simulation.population, profiles)
    _write_instruments(out / "instruments.csv", instruments)
    return ["accounts.csv", "instruments.csv", *simulation.reference.write(out)]


def _write_accounts(path: Path, population: Population, baseline: Mapping[str, int]) -> None:
    header = (
        "account", "owner", "firm", "desk", "account_type", "device", "ip_subnet", "linked_accounts",
        "baseline_notional_per_day",
    )  # fmt: skip
    write_table(
        path,
        header,
        (
            (one.account, one.owner, one.firm, one.desk, one.account_type, one.device, one.ip_subnet,
             ";".join(one.linked_accounts), baseline[one.account])
            for one in population.everybody
        ),
    )  # fmt: skip


def _session(instrument: Instrument) -> tuple[str, str]:
    """Return when a session opens and closes, its calls included, as times of day; empty around the clock."""
    hours = instrument.hours
    return ("", "") if hours is None else (clock_text(hours.opening_call_s), clock_text(hours.close_s))


def _write_instruments(path: Path, instruments: Iterable[Instrument]) -> None:
    header = (
        "instrument", "venue", "asset_class", "product", "isin", "underlying", "currency", "multiplier", "tick_size",
        "lot_size", "float_quantity", "average_daily_volume", "session_open", "session_close", "timezone", "fixings",
    )  # fmt: skip
    write_table(
        path,
        header,
        (
            (one.symbol, one.venue, one.asset_class, one.product, one.isin, one.underlying, one.currency,
             f"{one.multiplier:g}", one.price(1), one.lot_size, one.float_quantity or None, one.average_daily_volume,
             *_session(one), "UTC", fixings_text())
            for one in instruments
        ),
    )  # fmt: skip
