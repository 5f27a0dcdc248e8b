"""Named backgrounds: what else goes on in the market of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from detection_service.rules.scenarios.event_table import Row, Told, seconds_ns

NONE: Final = "none"


class BackgroundError(ValueError):
    """A background is not known, or its number is missing; says what was expected."""


def crowd() -> Iterator[Told]:
    """Ten levels of three ordinary orders of 100 on each side of 100.00, every order another account's.

    Order ids and accounts are crowd-b<level>-<member> (bids) and crowd-s<level>-<member>, level 1 best, member 1 to 3.
    """
    for level in range(1, 11):
        for member in range(1, 4):
            for side, letter, distance in (("BUY", "b", -level), ("SELL", "s", level)):
                name, price = f"crowd-{letter}{level}-{member}", round(100 + distance / 100, 2)
                yield _told(0, kind="NEW", account=name, side=side, price=price, quantity=100.0, order_id=name)


def public_crowd() -> Iterator[Told]:
    """The crowd as a public feed shows it: order by order, without accounts."""
    for told in crowd():
        yield Told(told.told_s, {name: value for name, value in told.row.items() if name != "account"})


def quiet_hours(hours: float) -> Iterator[Told]:
    """A print of 100 every 20 s around 100.00 for so many hours, bought and sold by turns."""
    for number in range(round(hours * 180)):
        price, side = 100 + (0.0, 0.03, -0.02, 0.01)[number % 4], ("BUY", "SELL")[number % 2]
        yield _told(number * 20, kind="TRADE", side=side, price=price, quantity=100.0)


def ordinary_hours(hours: float) -> Iterator[Told]:
    """An order at 100 every 12 s by forty accounts in turn, on both sides; two of three are cancelled after 5 s."""
    for number in range(round(hours * 300)):
        order: Row = {
            "account": f"ordinary-{number % 40}",
            "order_id": f"ordinary-o{number}",
            "side": ("BUY", "SELL")[number % 2],
        }
        yield _told(number * 12, kind="NEW", price=100.0, quantity=50.0 + number % 90, **order)
        if number % 3:
            yield _told(number * 12 + 5, kind="CANCEL", **order)


def strangers(hours: float) -> Iterator[Told]:
    """A match every 10 s near 100.00 among forty accounts, ever others: 20 to 99 rest and are taken 5 s later."""
    for number in range(round(hours * 360)):
        seller = (number * 17 + number // 40 * 3) % 40
        buyer = (seller + 1 + (number * 7 + number // 39 * 5) % 39) % 40
        price, quantity = 100 + (0.0, 0.03, -0.02, 0.01)[number % 4], 20.0 + number * 31 % 80
        both = (("SELL", seller, "out"), ("BUY", buyer, "in"))
        for wait, (side, account, order) in zip((0, 5), both, strict=True):
            ids: Row = {"account": f"stranger-{account}", "order_id": f"stranger-{order}{number}", "side": side}
            yield _told(number * 10 + wait, kind="NEW", price=price, quantity=quantity, **ids)
        for side, account, order in reversed(both):
            yield _told(
                number * 10 + 5,
                kind="FILL",
                account=f"stranger-{account}",
                order_id=f"stranger-{order}{number}",
                side=side,
                price=price,
                quantity=quantity,
                trade_id=f"stranger-{number}",
                aggressor=side == "BUY",
            )


def trading_hours(hours: float) -> Iterator[Told]:
    """A match of 100 every 20 s around 100.00 for so many hours, among twenty accounts; buyers and sellers take
    liquidity by turns. Both fills are told; accounts are trader-1 to trader-20."""
    for number in range(round(hours * 180)):
        price = 100 + (0.0, 0.03, -0.02, 0.01)[number % 4]
        for side, account in (("BUY", number % 20 + 1), ("SELL", (number * 7 + 3) % 20 + 1)):
            row: Row = {"account": f"trader-{account}", "order_id": f"trader-{side}-{number}", "side": side}
            row |= {"trade_id": f"trader-t{number}", "aggressor": (side == "BUY") is (number % 2 == 0)}
            yield _told(number * 20, kind="FILL", price=price, quantity=100.0, **row)


def makers(hours: float) -> Iterator[Told]:
    """Five market makers quote 300 at 99.98 and 100.02, each anew once a minute; a taker takes 100 every 24 s.

    Every 12 s maker-1 to maker-5 in turn withdraws its quotes and enters others; forty takers trade by turns at the bid
    and at the ask, so that a minute's range is 0.04 and a maker withdraws four orders for each of its fills.
    """
    for number in range(round(hours * 300)):
        account, seconds = f"maker-{number % 5 + 1}", number * 12
        for side, price in (("BUY", 99.98), ("SELL", 100.02)):
            order: Row = {"account": account, "side": side}
            if number >= 5:
                yield _told(seconds, kind="CANCEL", order_id=f"made-{side}-{number - 5}", **order)
            yield _told(seconds, kind="NEW", price=price, quantity=300.0, order_id=f"made-{side}-{number}", **order)
        if number % 2:
            yield from _taken(seconds + 5, number, account)


def _taken(seconds: float, number: int, maker: str) -> Iterator[Told]:
    side, other, price = ("BUY", "SELL", 100.02) if number % 4 == 1 else ("SELL", "BUY", 99.98)
    taker: Row = {"account": f"taker-{number % 80 // 2 + 1}", "side": side, "order_id": f"taken-{number}"}
    made: Row = {"account": maker, "side": other, "order_id": f"made-{other}-{number}"}
    trade: Row = {"price": price, "quantity": 100.0, "trade_id": f"trade-{number}"}
    yield _told(seconds, kind="NEW", price=price, quantity=100.0, **taker)
    yield _told(seconds, kind="FILL", aggressor=True, **taker, **trade)
    yield _told(seconds, kind="FILL", aggressor=False, **made, **trade)


PLAIN: Final[dict[str, Callable[[], Iterator[Told]]]] = {"crowd": crowd, "public_crowd": public_crowd}
LASTING: Final[dict[str, Callable[[float], Iterator[Told]]]] = {
    "quiet_hours": quiet_hours,
    "trading_hours": trading_hours,
    "ordinary_hours": ordinary_hours,
    "strangers": strangers,
    "makers": makers,
}


def background(text: str) -> list[Told]:
    """The events of a background by its name: `crowd`, `quiet_hours 2`, `none`. Raises BackgroundError."""
    name, _, number = text.strip().partition(" ")
    if name == NONE:
        return []
    if name in PLAIN and not number:
        return list(PLAIN[name]())
    if name in LASTING and number.strip().replace(".", "", 1).isdigit():
        return list(LASTING[name](float(number)))
    known = ", ".join([NONE, *PLAIN, *(f"{each} HOURS" for each in LASTING)])
    raise BackgroundError(f"expected one of {known}; found {text!r}")


def _told(seconds: float, **values: object) -> Told:
    return Told(seconds, {"event_time_ns": seconds_ns(seconds), **values})
