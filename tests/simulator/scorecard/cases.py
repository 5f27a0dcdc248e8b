"""Small worlds made by hand: events, scenarios and sightings whose scores one can work out on paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.scorecard.sighting import Sighting
from simulator.scorecard.table import EventTable, table_of
from simulator.scorecard.truth import HARD_NEGATIVE, Scenario
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

S = 1_000_000_000
START = 1_772_442_000 * S
OWNERS = Reference.of(
    accounts=[
        {"account": account, "owner": f"O{account[1:].rstrip('b')}"} for account in ("A1", "A1b", "A2", "A3", "A4")
    ]
)


def event(second: float, kind: str, **values: Any) -> dict[str, Any]:
    return {"event_time_ns": START + round(second * S), "kind": kind, "venue": "V", "instrument": "I", **values}


def new(second: float, order_id: str, account: str, side: str, price: float, quantity: float) -> dict[str, Any]:
    return event(second, "NEW", order_id=order_id, account=account, side=side, price=price, quantity=quantity)


def cancel(second: float, order_id: str, account: str, side: str) -> dict[str, Any]:
    return event(second, "CANCEL", order_id=order_id, account=account, side=side, leaves_quantity=0.0)


def trade(
    second: float, trade_id: str, buyer: str, seller: str, price: float = 10.0, quantity: float = 100.0
) -> list[dict[str, Any]]:
    """Both fills of a match; the buyer takes, the orders are named after the trade."""
    return [
        event(
            second, "FILL", order_id=f"{trade_id}-{side[0]}", account=account, side=side, price=price,
            quantity=quantity, trade_id=trade_id, contra_account=contra, aggressor=side == "BUY",
        )
        for side, account, contra in (("BUY", buyer, seller), ("SELL", seller, buyer))
    ]  # fmt: skip


def _moment(row: Mapping[str, Any]) -> int:
    return int(row["event_time_ns"])


def table(rows: Sequence[Mapping[str, Any]], reference: Reference = OWNERS) -> EventTable:
    return table_of([Frame.from_rows(sorted(rows, key=_moment))], reference)


def scenario(name: str = "s1", typology: str = "spoofing", account: str = "A1", **values: Any) -> Scenario:
    """A scheme of an account from second 100 to second 200 in instrument I."""
    given = {
        "accounts": frozenset({account}),
        "owners": frozenset({f"O{account[1:]}"}),
        "instruments": frozenset({"I"}),
        "venues": frozenset({"V"}),
        "start_time_ns": START + 100 * S,
        "end_time_ns": START + 200 * S,
        **values,
    }
    return Scenario(name, typology, **given)


def innocent(name: str = "n1", typology: str = "block", account: str = "A4", **values: Any) -> Scenario:
    return scenario(name, typology, account, kind=HARD_NEGATIVE, **values)


def sighting(
    rule: str = "spoofing", account: str = "A1", start: float = 110, end: float = 120, **values: Any
) -> Sighting:
    given = {
        "typology": rule.upper(),
        "raised_time_ns": START + round(end * S),
        "venue": "V",
        "instrument": "I",
        "accounts": frozenset({account} if account else ()),
        "owners": frozenset({f"O{account[1:]}"} if account else ()),
        **values,
    }
    return Sighting(rule, start_time_ns=START + round(start * S), end_time_ns=START + round(end * S), **given)
