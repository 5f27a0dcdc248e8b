"""When an event is due: simulated time against the clock, at a speed that may change on the way."""

import time
from collections.abc import Callable

from simulator.randomness import SECOND_NS

Clock = Callable[[], float]


class Pace:
    """`speed` is simulated seconds a wall-clock second; 0 is without waiting."""

    def __init__(self, speed: float, start_time_ns: int, clock: Clock = time.monotonic) -> None:
        self.speed = speed
        self._clock = clock
        self._from_time_ns = start_time_ns
        self._from_seconds = clock()

    def change(self, speed: float, event_time_ns: int) -> None:
        """Go on at another speed from the event reached."""
        self.speed = speed
        self._from_time_ns = event_time_ns
        self._from_seconds = self._clock()

    def wait_seconds(self, event_time_ns: int) -> float:
        """How long until an event is due; 0 or less where it is."""
        if not self.speed:
            return 0.0
        due_seconds = self._from_seconds + (event_time_ns - self._from_time_ns) / SECOND_NS / self.speed
        return due_seconds - self._clock()
