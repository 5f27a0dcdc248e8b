"""A realistic mix of order flow for benches: 48 % new, 42 % cancel, 5 % replace, 5 % fill over many instruments.

Accounts differ as they do in life: a few quote everywhere and send most messages, most trade a handful of instruments.
One owner in four has two accounts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tapewatch.market.event import Aggressor, Kind, Side
from tapewatch.market.frame import Array, Frame
from tapewatch.market.reference import Reference

VENUE = "XTWM"
SOURCE = "mix"
START_NS = 1_772_442_000_000_000_000
ROWS_A_FRAME = 4_096
TRADE_SHARE = 0.0263  # a trade is a taker's NEW and two FILLs
CANCEL_SHARE = 0.4421
REPLACE_SHARE = 0.0526
INSTRUMENTS_OF_AN_ACCOUNT = 5
QUOTING_SHARE = 0.01
"""Of accounts, which quote in every instrument and send half of all orders."""
TICK = 0.01
MIDDLE_TICKS = 10_000
_NEW, _REPLACE, _CANCEL, _FILL = int(Kind.NEW), int(Kind.REPLACE), int(Kind.CANCEL), int(Kind.FILL)
_DRAWS_AT_ONCE = 262_144
_TYPES = {"side": np.uint8, "ticks": np.int32, "quantity": np.float32, "instrument": np.int32, "account": np.int32}


@dataclass(frozen=True, slots=True)
class Mix:
    """Who trades what, and how many orders (`live`) stand before the first event."""

    live: int = 100_000
    instruments: int = 200
    accounts: int = 5_000
    seed: int = 1

    def reference(self) -> Reference:
        """Whose the accounts are."""
        return Reference.of(
            accounts=[
                {"account": _account(each), "owner": f"OWNER{each * 4 // 5:05d}"} for each in range(self.accounts)
            ]
        )


def _account(number: int) -> str:
    return f"ACCOUNT{number:05d}"


class Flow:
    """Draws the events of a mix, each call going on where the one before ended; repeats with the seed."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        self._random = np.random.default_rng(mix.seed)
        self._quoting = max(1, int(mix.accounts * QUOTING_SHARE))
        self._choices = self._random.integers(mix.instruments, size=(mix.accounts, INSTRUMENTS_OF_AN_ACCOUNT))
        self._takers = [self._takers_of(each) for each in range(mix.instruments)]
        self._orders = {name: np.empty(0, dtype) for name, dtype in _TYPES.items()}
        self._live = np.empty(0, np.int64)
        self._live_count = self._trades = self._rows = 0
        self._now_ns = START_NS

    def _takers_of(self, instrument: int) -> Array:
        """Accounts that trade an instrument; one that quotes where there is no other."""
        found = np.flatnonzero((self._choices == instrument).any(axis=1))
        return found if len(found) else np.arange(1)

    def standing(self, events_per_s: float = 10_000.0, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
        """The orders that stand before anything else happens, entered at a rate in event time."""
        count = self._mix.live
        orders = np.arange(self._grow(count), self._grow(0))
        self._append_live(orders)
        none = np.zeros(count, dtype=np.int64)
        rows = np.stack([np.full(count, _NEW), orders, self._orders["ticks"][orders], none, none])
        yield from self._frames(rows, events_per_s, rows_a_frame)

    def events(self, count: int, events_per_s: float = 10_000.0, rows_a_frame: int = ROWS_A_FRAME) -> Iterator[Frame]:
        """At least so many events, and at most two more, at a rate in event time."""
        while count > 0:
            rows = self._churn(min(count, _DRAWS_AT_ONCE))
            count -= rows.shape[1]
            yield from self._frames(rows, events_per_s, rows_a_frame)

    def _grow(self, count: int) -> int:
        """Draws that many orders more; the number of the first of them."""
        mix, random = self._mix, self._random
        quoted = random.random(count) < 0.5
        account = np.where(
            quoted, random.integers(self._quoting, size=count), random.integers(mix.accounts, size=count)
        )
        chosen = self._choices[account, random.integers(INSTRUMENTS_OF_AN_ACCOUNT, size=count)]
        side = random.integers(Side.BUY, Side.SELL + 1, size=count)
        away = 1 + np.minimum(200, random.exponential(1 / 0.15, count).astype(np.int64))
        drawn = {
            "side": side,
            "ticks": np.where(side == Side.BUY, MIDDLE_TICKS - away, MIDDLE_TICKS + away),
            "quantity": 100 * (1 + random.exponential(2.0, count).astype(np.int64)),
            "instrument": np.where(quoted, random.integers(mix.instruments, size=count), chosen),
            "account": account,
        }
        first = len(self._orders["side"])
        if count:
            for name, values in drawn.items():
                self._orders[name] = np.concatenate([self._orders[name], values.astype(_TYPES[name])])
        return first

    def _append_live(self, orders: Array) -> None:
        self._live = np.concatenate([self._live[: self._live_count], orders])
        self._live_count = len(self._live)

    def _churn(self, count: int) -> Array:
        """Rows of kind, order, ticks, trade, aggressor (shape (5, events)); one quick step of Python a draw."""
        first = self._grow(count)
        self._live = np.concatenate([self._live[: self._live_count], np.zeros(count, np.int64)])
        live, ticks, side = (values.data for values in (self._live, self._orders["ticks"], self._orders["side"]))
        draws, places = self._random.random(count).tolist(), self._random.random(count).tolist()
        rows: list[tuple[int, int, int, int, int]] = []
        makers: list[int] = []
        takers: list[int] = []
        alive, fresh, trade = self._live_count, first, self._trades
        for draw, where in zip(draws, places, strict=True):
            if len(rows) >= count:
                break
            if draw >= TRADE_SHARE + CANCEL_SHARE + REPLACE_SHARE or alive < 2:
                live[alive] = fresh
                alive += 1
                rows.append((_NEW, fresh, ticks[fresh], 0, 0))
                fresh += 1
                continue
            place = int(where * alive)
            order = live[place]
            if draw >= TRADE_SHARE + CANCEL_SHARE:
                ticks[order] += 1 if side[order] == Side.SELL else -1
                rows.append((_REPLACE, order, ticks[order], 0, 0))
                continue
            alive -= 1
            live[place] = live[alive]
            price = ticks[order]
            if draw >= TRADE_SHARE:
                rows.append((_CANCEL, order, price, 0, 0))
                continue
            trade += 1
            rows.append((_NEW, fresh, price, 0, 0))
            rows.append((_FILL, order, price, trade, int(Aggressor.NO)))
            rows.append((_FILL, fresh, price, trade, int(Aggressor.YES)))
            makers.append(order)
            takers.append(fresh)
            fresh += 1
        self._live_count, self._trades = alive, trade
        self._meet(np.array(makers, np.int64), np.array(takers, np.int64))
        return np.array(rows, np.int64).T

    def _meet(self, makers: Array, takers: Array) -> None:
        """Makes the takers' orders those that trade with the makers'."""
        orders = self._orders
        for name in ("ticks", "quantity", "instrument"):
            orders[name][takers] = orders[name][makers]
        orders["side"][takers] = Side.BUY + Side.SELL - orders["side"][makers]
        draws = self._random.random(len(takers))
        who = [self._takers[instrument] for instrument in orders["instrument"][makers].tolist()]
        orders["account"][takers] = [each[int(draw * len(each))] for each, draw in zip(who, draws, strict=True)]

    def _frames(self, rows: Array, events_per_s: float, rows_a_frame: int) -> Iterator[Frame]:
        step_ns = int(1e9 / events_per_s)
        for start in range(0, rows.shape[1], rows_a_frame):
            part = rows[:, start : start + rows_a_frame]
            times = self._now_ns + step_ns * np.arange(1, part.shape[1] + 1)
            self._now_ns = int(times[-1])
            yield self._frame(part, times)

    def _frame(self, rows: Array, times: Array) -> Frame:
        kind, order, ticks, trade, aggressor = rows
        count = len(kind)
        of_order = {name: values[order] for name, values in self._orders.items()}
        none = np.zeros(count, dtype=np.int64)
        quantity = of_order["quantity"].astype(np.float64)
        entered = (kind == _NEW) | (kind == _REPLACE)
        numbers = {
            "event_time_ns": times,
            "kind": kind.astype(np.uint8),
            "side": of_order["side"],
            "price": np.round(ticks * TICK, 2),
            "quantity": quantity,
            "leaves_quantity": np.where(entered, quantity, 0.0),
            "aggressor": aggressor.astype(np.uint8),
            "source_sequence": self._rows + 1 + np.arange(count, dtype=np.int64),
        }
        self._rows += count
        texts = {
            "venue": (none, [VENUE]),
            "source": (none, [SOURCE]),
            "instrument": _named(of_order["instrument"], lambda each: f"MIX{each:03d}"),
            "account": _named(of_order["account"], _account),
            "order_id": _named(order, lambda each: f"order-{each}"),
            "trade_id": _named(trade, lambda each: f"trade-{each}" if each else ""),
        }
        return Frame.from_columns(count, numbers, texts)


def _named(numbers: Array, name: Callable[[int], str]) -> tuple[Array, list[str]]:
    """Numbers as texts of a frame: each name once."""
    distinct, places = np.unique(numbers, return_inverse=True)
    return places, [name(each) for each in distinct.tolist()]
