"""A small market written out by hand: rows of the event table, and the alerts an engine makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.conformance import revisions as revisions
from detection_service.rules.scenarios.event_table import START_NS as START_NS
from detection_service.rules.scenarios.runner import final as final
from tapewatch.alert import Alert
from tapewatch.market.identity import event_id
from tapewatch.market.reference import Reference

SOURCE = "feed"
Row = dict[str, object]


class Market:
    """One instrument; `at` moves the clock (seconds from START_NS), every other method adds rows at its time.

    Orders are named o1, o2, ... and trades t1, t2, ... in the order of their making.
    """

    def __init__(self, instrument: str = "ACME", venue: str = "XTST", source: str = SOURCE) -> None:
        self.rows: list[Row] = []
        self._market: Row = {"venue": venue, "instrument": instrument, "source": source}
        self._time_ns = START_NS
        self._orders: dict[str, Row] = {}
        self._trades = 0

    def at(self, seconds: float) -> Market:
        self._time_ns = START_NS + round(seconds * 1e9)
        return self

    def row(self, kind: str, **values: object) -> Row:
        """Adds an event with the values given, None for absent."""
        made: Row = {"event_time_ns": self._time_ns, "kind": kind, **self._market}
        made["source_sequence"] = len(self.rows) + 1
        made |= {name: value for name, value in values.items() if value is not None}
        self.rows.append(made)
        return made

    def new(self, account: str | None, side: str, price: float | None, quantity: float, **more: object) -> str:
        order_id = f"o{len(self._orders) + 1}"
        order: Row = {"order_id": order_id, "account": account, "side": side}
        self._orders[order_id] = order
        self.row("NEW", **order, price=price, quantity=quantity, **more)
        return order_id

    def cancel(self, order_id: str, **more: object) -> None:
        self.row("CANCEL", **self._orders[order_id], **more)

    def replace(self, order_id: str, price: float, quantity: float, **more: object) -> None:
        self.row("REPLACE", **self._orders[order_id], price=price, quantity=quantity, **more)

    def fill(self, order_id: str, price: float, quantity: float, **more: object) -> None:
        self.row("FILL", **self._orders[order_id], price=price, quantity=quantity, **more)

    def trade(self, price: float, quantity: float, side: str | None = None, **more: object) -> None:
        self.row("TRADE", price=price, quantity=quantity, side=side, **more)

    def match(self, taker: str, maker: str, price: float, quantity: float) -> str:
        """The taker's order trades against the maker's; the trade's id."""
        self._trades += 1
        trade_id = f"t{self._trades}"
        self.fill(taker, price, quantity, trade_id=trade_id, aggressor=True)
        self.fill(maker, price, quantity, trade_id=trade_id, aggressor=False)
        return trade_id

    def deal(self, buyer: str, seller: str, price: float, quantity: float) -> str:
        """The seller rests an order and the buyer takes it whole at once; the trade's id."""
        maker = self.new(seller, "SELL", price, quantity)
        return self.match(self.new(buyer, "BUY", price, quantity), maker, price, quantity)

    def crowd(self) -> Market:
        """Ten levels of three ordinary orders of 100 on each side of 100.00, every order another account's."""
        for level in range(1, 11):
            for member in range(3):
                self.new(f"crowd-b{level}{member}", "BUY", round(100 - level / 100, 2), 100)
                self.new(f"crowd-s{level}{member}", "SELL", round(100 + level / 100, 2), 100)
        return self

    def tick(self, seconds: float) -> Market:
        """Something harmless happens: event time goes on."""
        self.at(seconds).row("STATUS")
        return self


def configured(
    rules: Mapping[str, Mapping[str, float]] | None = None, accounts: Iterable[Mapping[str, str]] = ()
) -> EngineConfiguration:
    """All rules with parameters overridden, and who owns which account."""
    usual = EngineConfiguration()
    return EngineConfiguration({**usual.rules, **(rules or {})}, Reference.of(accounts))


def found(market: Market, rule_id: str, configuration: EngineConfiguration | None = None) -> list[Alert]:
    """The final alerts of a rule over a market."""
    return final(revisions(market.rows, configuration), rule_id)


def identity(row: Row) -> str:
    """Id of a row's event."""
    sequence = row["source_sequence"]
    assert isinstance(sequence, int)
    return event_id(str(row["source"]), 0, sequence, 0)
