"""Which values of a parameter are worth trying."""

from math import floor, log10
from typing import Final

SPAN: Final = 8.0
"""Values go from an eighth of the current one to eight times it, within the allowed range."""
DIGITS: Final = 3
CONTINUOUS_UNITS: Final = frozenset(
    {"s", "h", "share", "probability", "nats", "log", "deviations", "notional", "score"}
)


def values_to_try(
    current: float, minimum: float, maximum: float, points: int, *, is_count: bool = False
) -> list[float]:
    """About so many values in an allowed range, ascending, the current one among them.

    They lie in equal ratios around a positive current value, else evenly over the range; rounded to three digits, to
    whole numbers where they count something. A lower end of 0 is tried too: it switches most conditions off.
    """
    if current > 0 and minimum >= 0:
        low, high = max(minimum, current / SPAN), min(maximum, current * SPAN)
        steps = [low * (high / low) ** (place / max(1, points - 1)) for place in range(points)]
        steps += [0.0] if minimum == 0 else []
    else:
        steps = [minimum + (maximum - minimum) * place / max(1, points - 1) for place in range(points)]
    rounded = {min(maximum, max(minimum, _rounded(step, is_count))) for step in steps}
    return sorted({*rounded, current})


def counts(unit: str, default: float, minimum: float) -> bool:
    """Whether a parameter counts things, so that only whole numbers differ."""
    whole = default.is_integer() and float(minimum).is_integer() and minimum >= 0
    return whole and unit not in CONTINUOUS_UNITS and not unit.startswith(("x ", "of ")) and unit != "x"


def _rounded(value: float, is_count: bool) -> float:
    if is_count:
        return float(round(value))
    if value == 0:
        return 0.0
    return round(value, DIGITS - 1 - floor(log10(abs(value))))
