"""An engine that goes on with a mix of order flow, past what only its start costs."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import process_time

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from tapewatch.bench.figure import BenchError
from tapewatch.bench.mix import Flow, Mix

USUAL_EVENTS_PER_S = 10_000.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many events at a rate in event time."""

    events: int
    events_per_s: float = USUAL_EVENTS_PER_S


class WarmEngine:
    """An engine with all rules over a mix of its own: the standing orders, then the stretches before anything counts.

    Raises BenchError where the engine did not keep up with what the mix says is alive.
    """

    def __init__(self, mix: Mix, before: Sequence[Stretch] = (), usual: Stretch = Stretch(65_536)) -> None:
        gc.collect()  # an engine is a cycle of objects: those before this one are given back only now
        self.flow = Flow(mix)
        self.configuration = EngineConfiguration(reference=mix.reference())
        self.engine = Engine(self.configuration)
        self._usual = usual
        for frame in self.flow.standing():
            self.engine.process(frame)
        if self.engine.status()["live_orders"] != mix.live:
            raise BenchError(f"expected {mix.live} live orders, found {self.engine.status()['live_orders']}")
        for stretch in before:
            for frame in self.flow.events(stretch.events, stretch.events_per_s):
                self.engine.process(frame)

    def frames(self) -> list[bytes]:
        """The next of the usual stretch, as they travel."""
        return [frame.encode() for frame in self.flow.events(self._usual.events, self._usual.events_per_s)]

    def cost_ns(self, frames: Sequence[bytes]) -> tuple[float, float]:
        """CPU nanoseconds an event, and of the longest frame."""
        events = evaluated(self.engine)
        ends = [process_time()]
        for frame in frames:
            self.engine.process(frame)
            ends.append(process_time())
        events = evaluated(self.engine) - events
        longest = max(end - begun for begun, end in pairwise(ends))
        return (ends[-1] - ends[0]) / events * 1e9, longest * 1e9


def evaluated(engine: Engine) -> int:
    """Events an engine has evaluated."""
    return sum(int(source["evaluated"]) for source in engine.status()["sources"].values())
