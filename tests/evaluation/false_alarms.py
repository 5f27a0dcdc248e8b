"""How often the rules cry wolf: over a market without schemes at several densities, and over recorded market data.

`python -m tests.evaluation.false_alarms [EVENTS]` prints each alert with its explanation, then one table of alerts by
rule: per million events of a simulated market at 1, 10 and 50 times its activity (EVENTS of each), and as counted over
the recorded data in $TAPEWATCH_RECORDED_DATA, which is left out where there is none. Nothing in the recorded data is
labelled but the pumps: an alert there is for a person to judge.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from ingest_service.formats import FormatOptions
from simulator.output import write_reference
from simulator.simulation import Simulation, SimulationConfig
from tapewatch.alert import Alert
from tapewatch.cli.detection_run import detect_files
from tapewatch.cli.files import open_files
from tapewatch.cli.reference_files import read_reference
from tapewatch.market.frame import Frame
from tests.conftest import CHECKOUT, RECORDED_DATA
from tests.detection_service.scenario import final

DENSITIES = (1, 10, 50)
EVENTS = 100_000
ROWS_A_FRAME = 8_192
SEED = 20260302
MILLION = 1_000_000
RECORDED = ("bitstamp/orders.csv", "bitstamp/*.log.xz", "lobster/*_message_10.csv", "pumps/*_*.csv", "simple_jsonl/*")


@dataclass(frozen=True, slots=True)
class Observed:
    """What came out of one input; `span_h` is from its first to its last event."""

    name: str
    events: int
    span_h: float
    alerts: Sequence[Alert]

    @property
    def by_rule(self) -> Counter[str]:
        """Alerts by rule."""
        return Counter(alert.rule_id for alert in self.alerts)


def simulated(density: int, event_count: int) -> Observed:
    """A market of ordinary traders only, with reference data of its accounts and instruments."""
    simulation = Simulation(SimulationConfig(seed=SEED, minutes=0, activity=density))
    with tempfile.TemporaryDirectory() as folder:
        write_reference(Path(folder), simulation)
        paths = {name: Path(folder) / f"{name}.csv" for name in ("accounts", "instruments")}
        reference = read_reference(**paths)
    engine = Engine(EngineConfiguration(reference=reference))
    rows = islice(simulation.rows(), event_count)
    made: list[Alert] = []
    while batch := [row | {"source": "simulator"} for row in islice(rows, ROWS_A_FRAME)]:
        made += engine.process(Frame.from_rows(batch))
    span_h = (simulation.now_ns - simulation.config.start_time_ns) / 3.6e12
    return Observed(f"{density}x", event_count, span_h, final([*made, *engine.finish()]))


def recorded(folder: Path) -> Iterator[Observed]:
    """Each recorded input by itself, as `tapewatch detect` takes it without reference data."""
    for path in [path for pattern in RECORDED for path in sorted(folder.glob(pattern))]:
        result = detect_files(open_files([path], "auto", FormatOptions()), Engine(), ROWS_A_FRAME)
        yield Observed(f"{path.parent.name}/{path.name}", result.received, _span_h(path), result.alerts)


def _span_h(path: Path) -> float:
    """From the first to the last event; nothing where every row is refused."""
    frames = open_files([path], "auto", FormatOptions())[0].frames(1 << 16)
    ends = [end for frame in frames if frame.row_count for end in _ends(frame)]
    return (max(ends) - min(ends)) / 3.6e12 if ends else 0.0


def _ends(frame: Frame) -> tuple[int, int]:
    times = frame.columns["event_time_ns"]
    return int(times.min()), int(times.max())


def listed(observed: Observed) -> Iterator[str]:
    """Each alert of an input with its explanation."""
    yield f"{observed.name}: {observed.events:,} events in {observed.span_h:.2f} h, {len(observed.alerts)} alerts"
    for alert in observed.alerts:
        began = datetime.fromtimestamp(alert.start_time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield f"  {began} {alert.instrument} {alert.rule_id} {alert.severity.name}: {alert.explanation}"


def table(benign: Sequence[Observed], real: Sequence[Observed]) -> Iterator[str]:
    """Alerts a rule: per million events where simulated, as counted where recorded (by folder)."""
    folders = sorted({each.name.split("/")[0] for each in real})
    by_folder = {name: [each for each in real if each.name.startswith(f"{name}/")] for name in folders}
    rules = sorted({rule for each in [*benign, *real] for rule in each.by_rule})
    header = ["rule", *(f"{each.name}/million" for each in benign), *folders]
    yield " ".join(f"{cell:>{_width(cell)}}" for cell in header)
    for rule in [*rules, "all"]:
        rates = [f"{MILLION * _count(each, rule) / each.events:.0f}" for each in benign]
        counts = [str(sum(_count(each, rule) for each in by_folder[name])) for name in folders]
        yield " ".join(f"{cell:>{_width(head)}}" for head, cell in zip(header, [rule, *rates, *counts], strict=True))
    yield "; ".join(f"{each.name}: {each.events:,} events, {each.span_h:.2f} h" for each in benign)
    for name, inputs in by_folder.items():
        events, hours = sum(each.events for each in inputs), sum(each.span_h for each in inputs)
        yield f"{name}: {len(inputs)} inputs, {events:,} events, {hours / 24:.2f} instrument-days"


def _count(observed: Observed, rule: str) -> int:
    return len(observed.alerts) if rule == "all" else observed.by_rule[rule]


def _width(head: str) -> int:
    return 22 if head == "rule" else max(12, len(head))


def main() -> None:
    """Run everything and print it."""
    event_count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    benign, real = [], []
    for density in DENSITIES:
        benign.append(simulated(density, event_count))
        print("\n".join(listed(benign[-1])), flush=True)
    folder = Path(os.environ.get(RECORDED_DATA, CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        print(f"recorded data left out: expected a folder, found none at {folder}; set {RECORDED_DATA}")
    for observed in recorded(folder):
        real.append(observed)
        print("\n".join(listed(observed)), flush=True)
    print("\n".join(table(benign, real)))


if __name__ == "__main__":
    main()
