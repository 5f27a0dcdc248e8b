"""The naive one-liner beside each typology: what a first afternoon would write, over the same rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tests.evaluation.foreign.flow import SECOND_NS, Flow, Row

MINUTE_NS = 60 * SECOND_NS


class Flag(NamedTuple):
    """Somebody named somewhere for some time."""

    instrument: str
    accounts: frozenset[str]
    start_ns: int
    end_ns: int


def _time(row: Row) -> int:
    return int(str(row["event_time_ns"]))


def _size(row: Row) -> float:
    return float(str(row["quantity"]))


def _flag(row: Row, start_ns: int | None = None, *accounts: str) -> Flag:
    named = frozenset(accounts) or frozenset({str(row["account"])})
    return Flag(str(row["instrument"]), named, _time(row) if start_ns is None else start_ns, _time(row))


def _medians(flow: Flow) -> dict[str, float]:
    sizes: dict[str, list[float]] = defaultdict(list)
    for row in flow.rows:
        if row["kind"] == "NEW":
            sizes[str(row["instrument"])].append(_size(row))
    return {name: median(each) for name, each in sizes.items()}


def _cancelled(flow: Flow) -> Iterator[tuple[Row, Row]]:
    entered = {row["order_id"]: row for row in flow.rows if row["kind"] == "NEW"}
    yield from ((entered[row["order_id"]], row) for row in flow.rows if row["kind"] == "CANCEL")


def large_and_gone(flow: Flow) -> Iterator[Flag]:
    """An order of five times the median, cancelled within ten seconds."""
    usual = _medians(flow)
    for new, gone in _cancelled(flow):
        if _size(new) >= 5 * usual[str(new["instrument"])] and _time(gone) - _time(new) <= 10 * SECOND_NS:
            yield _flag(gone, _time(new))


def several_gone(flow: Flow) -> Iterator[Flag]:
    """Three orders of an account on one side cancelled within two seconds."""
    lately: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for new, gone in _cancelled(flow):
        held = lately[new["instrument"], new["account"], new["side"]]
        held[:] = [row for row in held if _time(row) >= _time(gone) - 2 * SECOND_NS] + [gone]
        if len(held) >= 3:
            yield _flag(gone, _time(new))


def one_owner(flow: Flow) -> Iterator[Flag]:
    """Both sides of a trade belong to one owner."""
    owners = {row["account"]: row["owner"] for row in flow.accounts}
    for row in flow.rows:
        one, other = str(row.get("account", "")), str(row.get("contra_account", ""))
        if row["kind"] == "FILL" and other and owners.get(one, one) == owners.get(other, other):
            yield _flag(row, None, one, other)


def pair_again(flow: Flow) -> Iterator[Flag]:
    """Two accounts trade with each other four times within two minutes."""
    lately: dict[object, list[int]] = defaultdict(list)
    for row in flow.rows:
        if row["kind"] == "FILL" and row.get("contra_account") and row["side"] == "BUY":
            pair = frozenset({str(row["account"]), str(row["contra_account"])})
            times = lately[row["instrument"], pair]
            times[:] = [each for each in times if each >= _time(row) - 2 * MINUTE_NS] + [_time(row)]
            if len(times) >= 4 and len(pair) == 2:
                yield _flag(row, times[0], *pair)


def ahead_of_large(flow: Flow) -> Iterator[Flag]:
    """A trade on the side of another account's order of ten times the median at most 45 seconds before it."""
    usual = _medians(flow)
    lately: dict[object, list[Row]] = defaultdict(list)
    for row in flow.rows:
        held = lately[row["instrument"]]
        if row["kind"] == "FILL":
            held.append(row)
        if row["kind"] == "NEW" and _size(row) >= 10 * usual[str(row["instrument"])]:
            held[:] = [each for each in held if _time(each) >= _time(row) - 45 * SECOND_NS]
            for each in held:
                if each["side"] == row["side"] and each["account"] != row["account"]:
                    yield Flag(str(row["instrument"]), frozenset({str(each["account"])}), _time(each), _time(row))


def share_of_the_end(flow: Flow) -> Iterator[Flag]:
    """Forty per cent of the last five minutes' volume of an instrument is an account's, on one side."""
    end_ns = _time(flow.rows[-1])
    volume: dict[str, float] = defaultdict(float)
    own: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in flow.rows:
        if row["kind"] == "FILL" and _time(row) >= end_ns - 5 * MINUTE_NS:
            volume[str(row["instrument"])] += _size(row)
            own[str(row["instrument"]), str(row["account"]), str(row["side"])] += _size(row)
    for (name, account, _), size in own.items():
        if size >= 0.4 * volume[name]:
            yield Flag(name, frozenset({account}), end_ns - 5 * MINUTE_NS, end_ns)


def up_and_down(flow: Flow) -> Iterator[Flag]:
    """The price rises five per cent within five minutes."""
    prices: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in flow.rows:
        if row["kind"] == "FILL":
            held, price = prices[str(row["instrument"])], float(str(row["price"]))
            held[:] = [each for each in held if each[0] >= _time(row) - 5 * MINUTE_NS] + [(_time(row), price)]
            if price >= 1.05 * min(each[1] for each in held):
                yield Flag(str(row["instrument"]), frozenset(), held[0][0], _time(row))


def messages_a_minute(flow: Flow) -> Iterator[Flag]:
    """An account sends more than 45 orders a minute."""
    lately: dict[object, list[int]] = defaultdict(list)
    for row in flow.rows:
        if row["kind"] == "NEW":
            times = lately[row["instrument"], row["account"]]
            times[:] = [each for each in times if each >= _time(row) - MINUTE_NS] + [_time(row)]
            if len(times) > 45:
                yield _flag(row, times[0])


def merged(flags: Iterator[Flag]) -> Sequence[Flag]:
    """Flags of the same somebody that follow each other within two minutes are one."""
    found: dict[tuple[str, frozenset[str]], list[Flag]] = defaultdict(list)
    for flag in flags:
        held = found[flag.instrument, flag.accounts]
        if held and flag.start_ns <= held[-1].end_ns + 2 * MINUTE_NS:
            held[-1] = held[-1]._replace(end_ns=max(flag.end_ns, held[-1].end_ns))
        else:
            held.append(flag)
    return [flag for held in found.values() for flag in held]


ONE_LINERS: dict[str, Callable[[Flow], Iterator[Flag]]] = {
    "SPOOFING": large_and_gone,
    "LAYERING": several_gone,
    "WASH_TRADE": one_owner,
    "PING_PONG": pair_again,
    "WASH_RING": pair_again,
    "FRONT_RUNNING": ahead_of_large,
    "MARKING_THE_CLOSE": share_of_the_end,
    "PUMP_AND_DUMP": up_and_down,
    "QUOTE_STUFFING": messages_a_minute,
}
