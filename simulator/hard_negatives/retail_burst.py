"""A retail burst: a share is talked about, and small investors of many brokers buy within two minutes."""

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import rest
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.population import RETAIL, Account
from simulator.randomness import jittered_ns, ordinary_quantity, wait_ns

PEOPLE_COUNT = 24
BURST_SECONDS = 110.0
FIRST_GAP_SECONDS = 1.2
LAST_GAP_SECONDS = 4.0
LIMIT_SHARE = 0.3
REGRET_SHARE = 0.3
"""So many sell again within minutes."""
REACH_TICKS = 2


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    bought: list[tuple[Account, int]] = []
    start_ns, end_ns = seat.now_ns, seat.until_ns(BURST_SECONDS)
    seat.tell(f"{seat.instrument.symbol} is talked about: small investors buy.")
    while seat.now_ns < end_ns:
        account = seat.random.choice(people)
        lot = seat.instrument.lot_size
        quantity = max(lot, ordinary_quantity(seat.random, seat.instrument) // 2 // lot * lot)
        if seat.random.random() < LIMIT_SHARE:
            rest(seat, account, BUY, quantity)
        else:
            bought.append((account, seat.take(account, BUY, quantity, REACH_TICKS)))
        share = (seat.now_ns - start_ns) / (end_ns - start_ns)
        yield wait_ns(seat.random, FIRST_GAP_SECONDS + share * (LAST_GAP_SECONDS - FIRST_GAP_SECONDS))
    for account, quantity in bought:
        if seat.random.random() < REGRET_SHARE:
            yield jittered_ns(seat.random, FIRST_GAP_SECONDS, 0.8)
            seat.take(account, SELL, quantity, REACH_TICKS)


RETAIL_BURST = HardNegative(
    name="retail_burst",
    description="Two dozen small investors buy one share within two minutes; some of them sell again soon.",
    resembles=("collusion", "pump_and_dump", "ramping", "volume_surge", "volatility_burst"),
    play=_play,
    duration_seconds_max=300.0,
    account_type=RETAIL,
    owner_count=PEOPLE_COUNT,
    wants_thin_market=True,
)
