"""The wall clock as a value, so that code which needs the time can be tested without waiting for it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time in nanoseconds since the epoch, UTC."""

    def now_ns(self) -> int:
        """The time now."""
        ...


class SystemClock:
    """The machine's clock; it may jump when the machine is set right."""

    def now_ns(self) -> int:
        """The time now."""
        return time.time_ns()


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The time it was set to."""
        return self._now_ns

    def advance(self, duration_ns: int) -> None:
        """Move forward; ValueError for a negative duration."""
        if duration_ns < 0:
            raise ValueError(f"expected a duration of at least 0 ns, found {duration_ns}")
        self._now_ns += duration_ns
