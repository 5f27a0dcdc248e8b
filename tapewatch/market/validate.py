"""Semantic checks of event frames: vectorised, one rejection a bad row, good rows untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tapewatch.market.event import PHASES, REQUIRED, Kind, Side
from tapewatch.market.frame import Frame

Mask = NDArray[np.bool_]
Array = NDArray[Any]

# A venue's clock outside these years is broken, whatever it says.
TIME_MINIMUM_NS: Final = 0  # 1970-01-01
TIME_MAXIMUM_NS: Final = 4_102_444_800_000_000_000  # 2100-01-01
QUANTITY_MAXIMUM: Final = 1e18
CODE_MAXIMUM: Final = 2  # of side and aggressor
NAME_CHARACTERS_MAX: Final = 200  # of what an alert may have to name; its stores take no more
_NAMES: Final = (
    *("venue", "instrument", "account", "trader", "order_id", "client_order_id", "previous_order_id"),
    *("execution_id", "reference_execution_id", "trade_id", "contra_account", "source"),
)

_ORDER_KINDS: Final = (Kind.NEW, Kind.REPLACE, Kind.CANCEL, Kind.FILL, Kind.EXPIRE)
_NEEDS_SIDE: Final = (Kind.NEW, Kind.FILL, Kind.BOOK_LEVEL)
_NEEDS_POSITIVE_QUANTITY: Final = (Kind.NEW, Kind.FILL, Kind.TRADE)
_NEEDS_PRICE: Final = (Kind.FILL, Kind.TRADE, Kind.BOOK_LEVEL)
_QUANTITIES: Final = ("quantity", "leaves_quantity", "display_quantity", "bid_quantity", "ask_quantity")
_PRICES: Final = ("price", "stop_price", "bid_price", "ask_price")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row can not be taken: its index in the frame, the column, a stable code and a sentence."""

    row: int
    field: str
    reason: str
    message: str


def validate(frame: Frame) -> list[Rejection]:
    """The first fault of each bad row, in row order; an empty list for a good frame."""
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        message = f"required column {missing[0]} is absent; expected {', '.join(REQUIRED)}"
        return [Rejection(row, missing[0], "MISSING", message) for row in range(frame.row_count)]
    found: dict[int, Rejection] = {}
    for field, reason, mask, describe in _checks(frame):
        if not np.count_nonzero(mask):  # five times as fast as any() on a small frame
            continue
        for row in np.flatnonzero(mask).tolist():
            if row not in found:
                found[row] = Rejection(row, field, reason, describe(row))
    return [found[row] for row in sorted(found)]


Check = tuple[str, str, Mask, Callable[[int], str]]


def _checks(frame: Frame) -> list[Check]:
    return [*_structure_checks(frame), *_name_checks(frame), *_number_checks(frame), *_kind_checks(frame)]


def _structure_checks(frame: Frame) -> list[Check]:
    columns = frame.columns
    time, kind = columns["event_time_ns"], columns["kind"]
    bad_time = (time <= TIME_MINIMUM_NS) | (time >= TIME_MAXIMUM_NS)
    bad_kind = (kind < Kind.NEW) | (kind > Kind.PHASE)
    checks: list[Check] = [
        ("event_time_ns", "TIME_OUT_OF_RANGE", bad_time, _time_message(time)),
        ("kind", "UNKNOWN_KIND", bad_kind, lambda row: f"expected a kind of 1 to 15, found {int(kind[row])}"),
        ("venue", "MISSING", columns["venue"] == 0, lambda _: "venue is empty"),
        ("instrument", "MISSING", columns["instrument"] == 0, lambda _: "instrument is empty"),
    ]
    receive = columns.get("receive_time_ns")
    if receive is not None:
        bad = (receive < 0) | (receive >= TIME_MAXIMUM_NS)
        checks.append(("receive_time_ns", "TIME_OUT_OF_RANGE", bad, _time_message(receive)))
    for name in ("side", "aggressor"):
        codes = columns.get(name)
        if codes is not None:
            checks.append((name, "UNKNOWN_CODE", codes > CODE_MAXIMUM, _code_message(name, codes)))
    return checks


def _time_message(times: Array) -> Callable[[int], str]:
    return lambda row: f"expected nanoseconds since 1970, within 1970 to 2100, found {int(times[row])}"


def _code_message(name: str, codes: Array) -> Callable[[int], str]:
    return lambda row: f"expected a {name} code of 0 to {CODE_MAXIMUM}, found {int(codes[row])}"


def _name_checks(frame: Frame) -> list[Check]:
    ends, blob = frame.table.ends, frame.table.blob
    if not (np.diff(ends) > NAME_CHARACTERS_MAX).any() and b"\0" not in blob:
        return []
    strings = frame.strings
    bad = np.array([len(text) > NAME_CHARACTERS_MAX or "\0" in text for text in strings])
    return [
        (name, "BAD_NAME", bad[frame.columns[name]], _name_message(name, frame))
        for name in _NAMES
        if name in frame.columns
    ]


def _name_message(name: str, frame: Frame) -> Callable[[int], str]:
    expected = f"{name}: expected at most {NAME_CHARACTERS_MAX} characters, none of them NUL"
    return lambda row: f"{expected}; found {len(text := frame.text(name, row))} beginning {text[:40]!r}"


def _number_checks(frame: Frame) -> list[Check]:
    checks: list[Check] = []
    for name in _QUANTITIES:
        values = frame.columns.get(name)
        if values is None:
            continue
        checks.append((name, "NOT_FINITE", np.isinf(values), _found(name, values, "a finite number")))
        checks.append((name, "NEGATIVE_QUANTITY", values < 0, _found(name, values, "a quantity of 0 or more")))
        checks.append(
            (name, "TOO_LARGE", values > QUANTITY_MAXIMUM, _found(name, values, f"at most {QUANTITY_MAXIMUM:g}"))
        )
    for name in _PRICES:
        values = frame.columns.get(name)
        if values is not None:
            checks.append((name, "NOT_FINITE", np.isinf(values), _found(name, values, "a finite number")))
    return checks


def _found(name: str, values: Array, expected: str) -> Callable[[int], str]:
    return lambda row: f"{name}: expected {expected}, found {float(values[row])!r}"


def _members(kinds: Iterable[Kind]) -> Mask:
    """Whether each kind code is one of `kinds`, shape (256,)."""
    table = np.zeros(256, dtype=bool)
    table[list(kinds)] = True
    return table


_IS_ORDER_WITH_ID = _members(kind for kind in _ORDER_KINDS if kind is not Kind.FILL)
_IS_SIDED = _members(_NEEDS_SIDE)
_IS_QUANTIFIED = _members((*_NEEDS_POSITIVE_QUANTITY, Kind.BOOK_LEVEL))
_IS_POSITIVE = _members(_NEEDS_POSITIVE_QUANTITY)
_IS_PRICED = _members(_NEEDS_PRICE)


def _kind_checks(frame: Frame) -> list[Check]:
    kind = frame.columns["kind"]
    order_ids = _text_present(frame, "order_id") | _text_present(frame, "client_order_id")
    quantity = frame.columns.get("quantity", np.full(frame.row_count, np.nan))
    price = frame.columns.get("price", np.full(frame.row_count, np.nan))
    side = frame.columns.get("side", np.zeros(frame.row_count, dtype=np.uint8))

    def named(row: int) -> str:
        return Kind(int(kind[row])).name

    return [
        (
            "order_id",
            "MISSING",
            _IS_ORDER_WITH_ID[kind] & ~order_ids,
            lambda row: f"a {named(row)} needs order_id or client_order_id, found neither",
        ),
        (
            "side",
            "MISSING",
            _IS_SIDED[kind] & (side == Side.NONE),
            lambda row: f"a {named(row)} needs side BUY or SELL, found none",
        ),
        (
            "quantity",
            "MISSING",
            _IS_QUANTIFIED[kind] & np.isnan(quantity),
            lambda row: f"a {named(row)} needs a quantity, found none",
        ),
        (
            "quantity",
            "NOT_POSITIVE",
            _IS_POSITIVE[kind] & (quantity == 0),
            lambda row: f"a {named(row)} needs a quantity above 0, found 0",
        ),
        (
            "price",
            "MISSING",
            _IS_PRICED[kind] & np.isnan(price),
            lambda row: f"a {named(row)} needs a price, found none",
        ),
        ("phase", "UNKNOWN_PHASE", _bad_phase(frame), lambda row: _phase_message(frame, row)),
    ]


def _text_present(frame: Frame, name: str) -> Mask:
    values = frame.columns.get(name)
    return np.zeros(frame.row_count, dtype=bool) if values is None else values != 0


def _bad_phase(frame: Frame) -> Mask:
    is_phase: Mask = frame.columns["kind"] == Kind.PHASE
    values = frame.columns.get("phase")
    if values is None:
        return is_phase
    if not is_phase.any():
        return is_phase
    known = np.zeros(len(frame.table), dtype=bool)
    for index in np.unique(values[is_phase]).tolist():
        known[index] = frame.string(index) in PHASES
    return is_phase & ~known[values]


def _phase_message(frame: Frame, row: int) -> str:
    return f"expected one of {', '.join(PHASES)}, found {frame.text('phase', row)!r}"
