"""What `detect` does with a Parquet file, from opening it to the alerts."""

import tempfile
from pathlib import Path
from time import perf_counter, process_time

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from ingest_service.formats import FormatOptions, open_events
from simulator.output import ParquetSink
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of
from tapewatch.cli.detection_run import detect_files

PART = "engine"
RATE_FLOOR = 300_000
SESSIONS = 2
ROWS_A_FRAME = 16_384
RUNS = 3


def measure(seconds: float) -> list[Figure]:
    """Events a second of CPU time over a file of two sessions; bounded by RUNS, whatever `seconds`."""
    del seconds
    with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
        path = Path(directory) / "events.parquet"
        sessions = [market.session(number) for number in range(SESSIONS)]
        sink = ParquetSink(path)
        for each in sessions:
            sink.write(each.reports)
        sink.close()
        events = sum(len(each.reports) for each in sessions)
        configuration = EngineConfiguration(reference=sessions[0].reference)
        timed = [_detect(path, configuration, events) for _ in range(RUNS)]
        size_bytes = path.stat().st_size
    on_cpu, wall = (Samples(tuple(values)) for values in zip(*timed, strict=True))
    note = f"{events:,} events, {size_bytes / events:.0f} bytes each; by the clock {wall.median:,.0f}/s"
    return [figure_of(PART, "detect on Parquet", on_cpu, "events/s", floor=RATE_FLOOR, target=RATE_FLOOR, note=note)]


def _detect(path: Path, configuration: EngineConfiguration, events: int) -> tuple[float, float]:
    """Events a second of CPU time, and of time."""
    begun_s, begun_cpu_s = perf_counter(), process_time()
    opened = open_events(path, "auto", FormatOptions())
    result = detect_files([opened], Engine(configuration), ROWS_A_FRAME)
    if result.evaluated != events:
        raise BenchError(f"expected {events} events evaluated, found {result.evaluated} of {result.received}")
    return events / (process_time() - begun_cpu_s), events / (perf_counter() - begun_s)
