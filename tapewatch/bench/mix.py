"""A realistic mix of order flow for benches: 48 % new, 42 % cancel, 5 % replace, 5 % fill over many instruments.

Accounts differ as they do in life: a few quote everywhere and send most messages, most trade a handful of instruments.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tapewatch.market.event import Kind, Side
from tapewatch.market.frame import Array, Frame

VENUE = "XTWM"
SOURCE = "mix"
START_NS = 1_772_442_000_000_000_000
TRADE_SHARE = 0.0263  # a trade is a taker's NEW and two FILLs
CANCEL_SHARE = 0.4421
REPLACE_SHARE = 0.0526
INSTRUMENTS_OF_AN_ACCOUNT = 5
QUOTING_SHARE = 0.01
"""Of accounts, which quote in every instrument and send half of all orders."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How much of it: `live` orders stand before the first event, `events_per_s` is the rate in event time."""

    events: int
    live: int = 100_000
    events_per_s: float = 10_000.0
    instruments: int = 200
    accounts: int = 5_000
    seed: int = 1

    def frames(self, rows_a_frame: int = 4_096) -> Iterator[Frame]:
        """The standing orders, then the events, as frames of one source."""
        for start, columns in enumerate(_columns(self, rows_a_frame)):
            yield _frame(self, columns, start * rows_a_frame)


class _Flow:
    """Draws events; `rows` of (kind, side, price, quantity, leaves, instrument, account, order, trade, aggressor)."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        self._source = random.Random(mix.seed)
        self._live: list[tuple[int, int, int, float, float, int]] = []
        self._orders = self._trades = 0
        quoting = max(1, int(mix.accounts * QUOTING_SHARE))
        self._quoting = list(range(quoting))
        self._choices = [
            [self._source.randrange(mix.instruments) for _ in range(INSTRUMENTS_OF_AN_ACCOUNT)]
            for _ in range(mix.accounts)
        ]

    def rows(self) -> Iterator[tuple[float, ...]]:
        mix, source = self._mix, self._source
        for _ in range(mix.live):
            yield self._new()
        made = 0
        while made < mix.events:
            draw = source.random()
            if draw < TRADE_SHARE:
                yield from self._trade()
                made += 3
                continue
            if draw < TRADE_SHARE + CANCEL_SHARE and len(self._live) > 1:
                yield self._cancel()
            elif draw < TRADE_SHARE + CANCEL_SHARE + REPLACE_SHARE and self._live:
                yield self._replace()
            else:
                yield self._new()
            made += 1

    def _who(self) -> tuple[int, int]:
        source, mix = self._source, self._mix
        if source.random() < 0.5:
            return source.choice(self._quoting), source.randrange(mix.instruments)
        account = source.randrange(mix.accounts)
        return account, source.choice(self._choices[account])

    def _new(self) -> tuple[float, ...]:
        source = self._source
        account, instrument = self._who()
        side = source.choice((Side.BUY, Side.SELL))
        away = 0.01 * (1 + min(200, int(source.expovariate(0.15))))
        price = round(100 - away if side == Side.BUY else 100 + away, 2)
        quantity = float(100 * (1 + int(source.expovariate(0.5))))
        self._orders += 1
        self._live.append((self._orders, instrument, account, price, quantity, side))
        return (Kind.NEW, side, price, quantity, quantity, instrument, account, self._orders, 0, 0)

    def _take(self) -> tuple[int, int, int, float, float, int]:
        place = self._source.randrange(len(self._live))
        self._live[place], self._live[-1] = self._live[-1], self._live[place]
        return self._live.pop()

    def _cancel(self) -> tuple[float, ...]:
        order, instrument, account, price, quantity, side = self._take()
        return (Kind.CANCEL, side, price, quantity, 0.0, instrument, account, order, 0, 0)

    def _replace(self) -> tuple[float, ...]:
        order, instrument, account, price, quantity, side = self._take()
        price = round(price + (0.01 if side == Side.SELL else -0.01), 2)
        self._live.append((order, instrument, account, price, quantity, side))
        return (Kind.REPLACE, side, price, quantity, quantity, instrument, account, order, 0, 0)

    def _trade(self) -> Iterator[tuple[float, ...]]:
        order, instrument, account, price, quantity, side = self._take()
        taker = self._source.randrange(self._mix.accounts)
        other = Side.SELL if side == Side.BUY else Side.BUY
        self._orders += 1
        self._trades += 1
        yield (Kind.NEW, other, price, quantity, quantity, instrument, taker, self._orders, 0, 0)
        yield (Kind.FILL, side, price, quantity, 0.0, instrument, account, order, self._trades, 1)
        yield (Kind.FILL, other, price, quantity, 0.0, instrument, taker, self._orders, self._trades, 2)


def _columns(mix: Mix, rows_a_frame: int) -> Iterator[Array]:
    rows: list[tuple[float, ...]] = []
    for row in _Flow(mix).rows():
        rows.append(row)
        if len(rows) == rows_a_frame:
            yield np.array(rows)
            rows.clear()
    if rows:
        yield np.array(rows)


def _frame(mix: Mix, columns: Array, first: int) -> Frame:
    count = len(columns)
    kind, side, price, quantity, leaves, instrument, account, order, trade, aggressor = columns.T
    places = np.arange(first, first + count, dtype=np.int64)
    orders, order_index = np.unique(order.astype(np.int64), return_inverse=True)
    trades, trade_index = np.unique(trade.astype(np.int64), return_inverse=True)
    step_ns = int(1e9 / mix.events_per_s)
    none = np.zeros(count, dtype=np.int64)
    numbers = {
        "event_time_ns": START_NS + places * step_ns,
        "kind": kind.astype(np.uint8),
        "side": side.astype(np.uint8),
        "price": price,
        "quantity": quantity,
        "leaves_quantity": leaves,
        "aggressor": aggressor.astype(np.uint8),
        "source_sequence": places + 1,
    }
    texts = {
        "venue": (none, [VENUE]),
        "source": (none, [SOURCE]),
        "instrument": (instrument.astype(np.int64), [f"MIX{number:03d}" for number in range(mix.instruments)]),
        "account": (account.astype(np.int64), [f"ACCOUNT{number:05d}" for number in range(mix.accounts)]),
        "order_id": (order_index, [f"order-{number}" for number in orders.tolist()]),
        "trade_id": (trade_index, [f"trade-{number}" if number else "" for number in trades.tolist()]),
    }
    return Frame.from_columns(count, numbers, texts)
