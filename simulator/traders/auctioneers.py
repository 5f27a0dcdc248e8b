# cython: language_level=3
"""Who trades in the calls: a crowd around the value, and funds that must have the closing price."""

from math import ceil

from simulator.market import Behaviour, Seat
from simulator.matching_engine import AUCTION, CALLS, CLOSE
from simulator.order_book import BUY, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, choose, gauss, ordinary_quantity, wait_ns

LOOK_SECONDS_MAX = 20.0
AT_MARKET_SHARE = 0.25
SPREAD_HALF_SPREADS = 2.5
CHANGE_OF_MIND_SHARE = 0.12
REBALANCE_SHARE = 0.01
"""Of what was taken since the start of the day: the size of an index fund's order at the close, give or take. One
fund is a part of the auction, not all of it."""
REBALANCE_SECONDS = 12.0


def _until_call_ns(seat: Seat) -> int:
    """Return how long to sleep before looking again whether a call has begun."""
    to_close_ns = (seat.close_ns or 0) - seat.now_ns
    longest_ns = int(LOOK_SECONDS_MAX * SECOND_NS)
    return max(SECOND_NS // 2, min(to_close_ns, longest_ns) if to_close_ns > 0 else longest_ns)


def join_calls(seat: Seat, accounts: tuple[Account, ...], rate_per_second: float) -> Behaviour:
    """Enter orders in every call, limits around the value or at the market, and withdraw a few again."""
    random = seat.random
    while True:
        if seat.phase not in CALLS:
            yield _until_call_ns(seat)
            continue
        yield wait_ns(random, 1.0 / rate_per_second)
        if seat.phase not in CALLS:
            continue
        side = BUY if random.random() < 0.5 else SELL
        price = None
        if random.random() > AT_MARKET_SHARE:
            away = SPREAD_HALF_SPREADS * seat.instrument.half_spread_ticks * gauss(random)
            price = max(1, round(seat.listing.value_ticks + away))
        order = seat.submit(choose(random, accounts), side, price, ordinary_quantity(random, seat.instrument))
        if random.random() < CHANGE_OF_MIND_SHARE:
            yield wait_ns(random, 2.0)
            seat.cancel(order)


def rebalance(seat: Seat, accounts: tuple[Account, ...]) -> Behaviour:
    """Enter an index fund's large order in every closing call, in parts, all on one side."""
    random = seat.random
    while True:
        while seat.phase != AUCTION:
            yield _until_call_ns(seat)
        account, side = choose(random, accounts), BUY if random.random() < 0.5 else SELL
        traded = seat.listing.engine.bought_quantity + seat.listing.engine.sold_quantity
        total = REBALANCE_SHARE * traded * (0.5 + random.random())
        parts = random.randint(1, 4)
        lot = seat.instrument.lot_size
        for _ in range(parts):
            yield wait_ns(random, REBALANCE_SECONDS)
            if seat.phase != AUCTION:
                break
            seat.submit(account, side, None, lot * max(1, ceil(total / parts / lot)))
        while seat.phase != CLOSE:
            yield _until_call_ns(seat)
        while seat.phase == CLOSE:
            yield 600 * SECOND_NS
