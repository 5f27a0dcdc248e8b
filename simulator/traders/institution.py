# cython: language_level=3
"""Institutions: a block worked in slices, a block shown whole, and an iceberg that shows a part of itself."""

from simulator.market import Behaviour, Seat
from simulator.order_book import BUY, DAY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, jittered_ns, ordinary_quantity, wait_ns
from simulator.traders.collar import collared
from simulator.traders.intention import Intentions

PARENT_MULTIPLE_MIN = 20
PARENT_MULTIPLE_MAX = 60
SLICE_SECONDS = 5.0
PATIENCE_SECONDS = 4.0
REST_SECONDS = 90.0

BLOCK_MULTIPLE_MIN = 10
BLOCK_MULTIPLE_MAX = 30
BLOCK_PATIENCE_SECONDS = 150
ICEBERG_SHOWN_SHARE = 0.1


def slice_block(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions) -> Behaviour:
    """Work one large order after another: join the best price, cross what was not filled in time."""
    random = seat.random
    while True:
        yield wait_ns(random, REST_SECONDS)
        side = BUY if random.random() < 0.5 else SELL
        account = intentions.someone(seat, accounts, side)
        if account is None:
            continue
        remaining = seat.instrument.typical_quantity * random.randint(PARENT_MULTIPLE_MIN, PARENT_MULTIPLE_MAX)
        while remaining > 0:
            best = seat.best(side)
            quantity = min(remaining, ordinary_quantity(random, seat.instrument))
            if best is not None:
                child = seat.submit(account, side, best, quantity)
                yield jittered_ns(random, PATIENCE_SECONDS, 0.4)
                unfilled = child.leaves
                seat.cancel(child)
                remaining -= child.filled
                if unfilled and random.random() < 0.6:
                    remaining -= seat.submit(account, side, collared(seat, side), unfilled, IMMEDIATE_OR_CANCEL).filled
            yield jittered_ns(random, SLICE_SECONDS, 0.5)


def show_block(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions) -> Behaviour:
    """Rest large genuine orders, half of them icebergs, near the best price until they trade or minutes have gone."""
    random = seat.random
    while True:
        yield wait_ns(random, REST_SECONDS)
        side = BUY if random.random() < 0.5 else SELL
        account = intentions.someone(seat, accounts, side)
        best = seat.best(side)
        if best is None or account is None:
            continue
        lot = seat.instrument.lot_size
        multiple = random.randint(BLOCK_MULTIPLE_MIN, BLOCK_MULTIPLE_MAX)
        quantity = max(lot, seat.instrument.typical_quantity * multiple // lot * lot)
        shown = max(lot, int(quantity * ICEBERG_SHOWN_SHARE) // lot * lot) if random.random() < 0.5 else 0
        order = seat.submit(account, side, max(1, best - side * random.randint(0, 3)), quantity, DAY, shown)
        patience_ns = seat.now_ns + BLOCK_PATIENCE_SECONDS * SECOND_NS
        while order.is_resting and seat.now_ns < patience_ns:
            yield jittered_ns(random, 10.0, 0.5)
        seat.cancel(order)
