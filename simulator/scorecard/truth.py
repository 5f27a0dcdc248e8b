"""What was true: the scenarios played, and the innocent conduct that looks like one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SCHEME: Final = "scheme"
HARD_NEGATIVE: Final = "hard_negative"
KINDS: Final = (SCHEME, HARD_NEGATIVE)
SEPARATOR: Final = ";"
UNTIL_EVER_NS: Final = (1 << 63) - 1


class LabelError(ValueError):
    """A label is not what was expected; says where."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The truth about one course of conduct; times in nanoseconds UTC.

    `venues` and `instruments` empty: anywhere. `accounts` and `owners` are the culprits, or, of a hard negative, those
    who look like some. `rows` are places in the events, where somebody labelled events one by one.
    """

    scenario_id: str
    typology: str
    kind: str = SCHEME
    severity: float | None = None
    camouflage: tuple[str, ...] = ()
    venues: frozenset[str] = frozenset()
    instruments: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    start_time_ns: int = 0
    end_time_ns: int = UNTIL_EVER_NS
    order_ids: frozenset[str] = frozenset()
    trade_ids: frozenset[str] = frozenset()
    rows: tuple[int, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return (self.end_time_ns - self.start_time_ns) / 1e9

    @property
    def is_scheme(self) -> bool:
        """Whether it is abuse."""
        return self.kind == SCHEME


def scenario_of(values: Mapping[str, Any], where: str, kind: str = SCHEME) -> Scenario:
    """The scenario of a label as JSON has it, or as CSV with `;` between the entries of a list.

    Raises LabelError naming the place for a missing typology, a number that is none or an end before the start.
    """
    typology = str(values.get("typology") or "")
    if not typology:
        raise LabelError(f"{where}: expected a typology, found none; name the scheme the scenario is")
    start = time_of(values, "start_time_ns", 0, where)
    end = time_of(values, "end_time_ns", UNTIL_EVER_NS, where)
    if end < start:
        raise LabelError(f"{where}: expected an end not before the start {start}, found {end}")
    given = str(values.get("kind") or kind)
    if given not in KINDS:
        raise LabelError(f"{where}: expected kind to be {' or '.join(KINDS)}, found {given!r}")
    return Scenario(
        scenario_id=str(values.get("scenario_id") or where),
        typology=typology,
        kind=given,
        severity=_severity(values, where),
        camouflage=tuple(sorted(_texts(values, "camouflage"))),
        venues=_markets(values, "venue"),
        instruments=_markets(values, "instrument"),
        accounts=_texts(values, "accounts"),
        owners=_texts(values, "owners"),
        start_time_ns=start,
        end_time_ns=end,
        order_ids=_texts(values, "order_ids"),
        trade_ids=_texts(values, "trade_ids"),
        rows=tuple(sorted(_whole(row, f"{where}, rows", "places in the file") for row in _texts(values, "rows"))),
    )


def _markets(values: Mapping[str, Any], part: str) -> frozenset[str]:
    """Venues or instruments: from `markets`, a list of objects, from a list of the name, or the one."""
    markets = values.get("markets")
    if isinstance(markets, list) and markets:
        return frozenset(str(market[part]) for market in markets if market.get(part))
    return _texts(values, f"{part}s") or _texts(values, part)


def _texts(values: Mapping[str, Any], key: str) -> frozenset[str]:
    given = values.get(key)
    if given is None:
        return frozenset()
    if isinstance(given, Mapping):
        given = [name for name, amount in given.items() if amount]
    entries = given if isinstance(given, list | tuple) else str(given).split(SEPARATOR)
    return frozenset(text for entry in entries if (text := str(entry).strip()))


def time_of(values: Mapping[str, Any], key: str, default: int, where: str) -> int:
    """A time of a label in nanoseconds UTC; LabelError naming the place for one that is no number."""
    given = values.get(key)
    return default if given in (None, "") else _whole(given, f"{where}, {key}", "nanoseconds since the epoch")


def _whole(given: object, where: str, expected: str) -> int:
    try:
        return int(str(given))
    except ValueError as error:
        raise LabelError(f"{where}: expected {expected}, found {given!r}") from error


def _severity(values: Mapping[str, Any], where: str) -> float | None:
    given = values.get("severity")
    if given in (None, ""):
        return None
    try:
        return float(str(given))
    except ValueError as error:
        raise LabelError(f"{where}, severity: expected a number from 0 to 1, found {given!r}") from error
