# cython: language_level=3
"""Who trades in the calls: a crowd around the value, funds who must have the closing price, those who meet them."""

from math import ceil

from simulator.market import Behaviour, Seat
from simulator.matching_engine import AUCTION, CALLS, CLOSE
from simulator.order_book import BUY, SELL
from simulator.population import Account
from simulator.randomness import SECOND_NS, choose, gauss, jittered_ns, ordinary_quantity, wait_ns
from simulator.traders.intention import Intentions

LOOK_SECONDS_MAX = 20.0
AT_MARKET_SHARE = 0.25
SPREAD_HALF_SPREADS = 2.5
CHANGE_OF_MIND_SHARE = 0.12
REBALANCE_SHARE = 0.01
"""Of what was taken since the start of the day: the size of an index fund's order at the close, give or take. One
fund is a part of the auction, not all of it: several are there, on either side."""
MEET_SECONDS = 4.0
MEET_MULTIPLE_MAX = 12.0
"""Who meets an imbalance that the venue shows takes on so many typical orders of it at most."""
REBALANCE_SECONDS = 12.0


def _until_call_ns(seat: Seat) -> int:
    """Return how long to sleep before looking again whether a call has begun."""
    to_close_ns = (seat.close_ns or 0) - seat.now_ns
    longest_ns = int(LOOK_SECONDS_MAX * SECOND_NS)
    return max(SECOND_NS // 2, min(to_close_ns, longest_ns) if to_close_ns > 0 else longest_ns)


def join_calls(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions, rate_per_second: float) -> Behaviour:
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
        account = intentions.someone(seat, accounts, side)
        if account is None:
            continue
        order = seat.submit(account, side, price, ordinary_quantity(random, seat.instrument))
        if random.random() < CHANGE_OF_MIND_SHARE:
            yield wait_ns(random, 2.0)
            seat.cancel(order)


def rebalance(seat: Seat, accounts: tuple[Account, ...], intentions: Intentions) -> Behaviour:
    """Enter an index fund's large order in every closing call, in parts, all on one side."""
    random = seat.random
    while True:
        while seat.phase != AUCTION:
            yield _until_call_ns(seat)
        side = BUY if random.random() < 0.5 else SELL
        account = intentions.someone(seat, accounts, side)
        traded = seat.listing.engine.bought_quantity + seat.listing.engine.sold_quantity
        total = REBALANCE_SHARE * traded * (0.5 + random.random())
        parts = random.randint(1, 4)
        lot = seat.instrument.lot_size
        for _ in range(parts):
            yield wait_ns(random, REBALANCE_SECONDS)
            if seat.phase != AUCTION or account is None:
                break
            seat.submit(account, side, None, lot * max(1, ceil(total / parts / lot)))
        while seat.phase != CLOSE:
            yield _until_call_ns(seat)
        while seat.phase == CLOSE:
            yield 600 * SECOND_NS


def meet_imbalance(seat: Seat, accounts: tuple[Account, ...], pace: float) -> Behaviour:
    """In every call, offer against the imbalance that the venue shows, near the value: each time somebody else."""
    random = seat.random
    lot = seat.instrument.lot_size
    while True:
        if seat.phase not in CALLS:
            yield _until_call_ns(seat)
            continue
        yield jittered_ns(random, MEET_SECONDS, 0.5)
        clearing = seat.listing.engine.clearing() if seat.phase in CALLS else None
        if clearing is None or not clearing.surplus:
            continue
        side = SELL if clearing.surplus > 0 else BUY
        most = min(abs(clearing.surplus), MEET_MULTIPLE_MAX * max(1.0, pace) * seat.instrument.typical_quantity)
        quantity = lot * max(1, int(most * random.random() / lot))
        away = seat.instrument.half_spread_ticks * random.random()
        price = max(1, round(seat.listing.value_ticks - side * away))
        seat.submit(choose(random, accounts), side, price, quantity)
