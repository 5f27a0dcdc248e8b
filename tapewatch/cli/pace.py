"""How fast something is played, as said on a command line."""

import re

from tapewatch.cli.failure import WrongUsageError

_FACTOR = re.compile(r"^(\d+(?:\.\d+)?)x?$")


def pace_of(speed: str) -> float:
    """Seconds of the market a second of the clock, from 10x or max; 0 is as fast as possible."""
    if speed == "max":
        return 0.0
    found = _FACTOR.match(speed)
    if found is None or float(found[1]) == 0:
        raise WrongUsageError(f"--speed: expected max or a factor such as 10x, found {speed!r}")
    return float(found[1])


def pace_text(pace: float) -> str:
    """The same for people."""
    return f"{pace:g}x" if pace else "max"
