"""The parts of the bench, run one after another."""

from collections.abc import Callable, Iterator, Sequence

from tapewatch.bench import case_history, detection, engine, fix, fix_socket, forest, pipeline, simulation, store
from tapewatch.bench.figure import Figure

Measure = Callable[[float], list[Figure]]
MEASURES: dict[str, tuple[Measure, ...]] = {
    "engine": (engine.measure, detection.measure),
    "fix": (fix.measure, fix_socket.measure),
    "pipeline": (pipeline.measure,),
    "forest": (forest.measure,),
    "store": (store.measure, case_history.measure),
    "simulator": (simulation.measure,),
}


def run(parts: Sequence[str], seconds: float) -> Iterator[list[Figure]]:
    """The figures of parts as they are measured; `seconds` bounds the repeats of each measurement."""
    for part in parts:
        for measure in MEASURES[part]:
            yield measure(seconds)
