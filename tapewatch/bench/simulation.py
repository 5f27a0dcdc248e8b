"""How fast the simulated market is written to a file."""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from simulator.output import write_run
from simulator.simulation import SimulationConfig, labelled_run
from tapewatch.bench.figure import Figure, figure_of, repeated

PART = "simulator"
SEED = 20260302
MINUTES = 15.0
DENSITY = 2.0
FLOOR = 200_000


def measure(seconds: float, minutes: float = MINUTES) -> list[Figure]:
    """The rates at which `tapewatch simulate` writes Parquet: the whole market, and its four shares."""
    whole = labelled_run([], seed=SEED, minutes=minutes, severity=0.5, activity=DENSITY, market="whole", hours="fitted")
    shares = labelled_run([], seed=SEED, minutes=minutes, severity=0.5, activity=DENSITY)
    return [
        figure_of(PART, f"{name} to Parquet{suffix}", repeated(partial(_rate, config, clock), seconds), "events/s",
                  floor=FLOOR, target=FLOOR)
        for name, config in (("whole market", whole), ("four shares", shares))
        for suffix, clock in (("", time.perf_counter), (", a second of processor time", time.process_time))
    ]  # fmt: skip


def _rate(config: SimulationConfig, clock: Callable[[], float]) -> float:
    with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
        begun_s = clock()
        summary = write_run(Path(directory), config, 0.5)
        return summary.events / max(clock() - begun_s, 1e-9)
