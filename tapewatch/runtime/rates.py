"""How often one caller may call: a bucket of tokens each, filled at a steady rate."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tapewatch.runtime.access import Caller, Role
from tapewatch.runtime.errors import ResourceExhausted
from tapewatch.runtime.settings import RateSettings

CALLERS_MAX = 10_000
"""Buckets kept; the one unused for longest goes first, and comes back full."""


@dataclass(slots=True)
class _Bucket:
    """Calls left, as of a time in seconds."""

    left: float
    time_s: float


class Rates:
    """The buckets of one service's callers; `clock_s` never goes back."""

    def __init__(self, settings: RateSettings, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._of_people = (settings.calls_a_second, settings.calls_at_once)
        self._of_services = (settings.service_calls_a_second, settings.service_calls_at_once)
        self._clock_s = clock_s
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, caller: Caller) -> None:
        """Count one call; ResourceExhausted, with the time until the next, where none is left."""
        rate, most = self._of_services if caller.roles == {Role.SERVICE} else self._of_people
        if rate is None:
            return
        now_s = self._clock_s()
        bucket = self._bucket((caller.name, caller.channel), now_s, most)
        bucket.left = min(most, bucket.left + (now_s - bucket.time_s) * rate)
        bucket.time_s = now_s
        if bucket.left < 1:
            raise ResourceExhausted(
                "RATE_EXCEEDED",
                f"expected at most {rate:g} calls a second of {caller.name!r}, found more; wait and call again",
                retry_after_ms=math.ceil((1 - bucket.left) / rate * 1_000),
            )
        bucket.left -= 1

    def _bucket(self, name: tuple[str, str], now_s: float, most: int) -> _Bucket:
        bucket = self._buckets.setdefault(name, _Bucket(most, now_s))
        self._buckets.move_to_end(name)
        if len(self._buckets) > CALLERS_MAX:
            self._buckets.popitem(last=False)
        return bucket
