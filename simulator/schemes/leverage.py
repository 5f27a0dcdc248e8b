"""What manipulation across markets has in common: a position in one place, a push in another, the gain in the first."""

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account
from simulator.randomness import SECOND_NS
from simulator.schemes import sources
from simulator.schemes.play import EXIT, POSITION, PUSH, Play
from simulator.schemes.scheme import Ratio

POSITION_ORDERS = 12
POSITION_MULTIPLE = 4.0
PUSH_MULTIPLE = 6.0
PUSH_SECONDS_MAX = 120
EXIT_ORDERS_MAX = 80
RATIOS = (
    Ratio("push", 0.3, 4.0, "%", sources.CATALOGUE + ": 2 % between venues, high at 4 %"),
    Ratio("pause between pushes", 4.0, 0.5, "s", sources.OURS),
    Ratio("gain taken after", 20.0, 1.0, "s", sources.CATALOGUE + ": the move precedes the profit within t"),
)


def push_here_gain_there(play: Play, there: SchemeSeat) -> Behaviour:
    """Take a position elsewhere, push the price here, and trade out elsewhere while the move lasts."""
    here, side = play.seat, play.side()
    holdings = {account: 0 for crew in play.crews for account in crew}
    for _ in range(POSITION_ORDERS):
        account = play.account()
        quantity = play.quantity_in(there, POSITION_MULTIPLE)
        holdings[account] += play.take(account, side, quantity, POSITION, 1, there)
        yield play.wait(4.0)
    start = here.listing.mid_ticks()
    end_ns = here.now_ns + PUSH_SECONDS_MAX * SECOND_NS
    play.tell(f"{play.crews[0][0].account} holds {there.instrument.key} and pushes {here.instrument.key}.")
    while side * (here.listing.mid_ticks() / start - 1.0) < play.value("push") / 100.0 and here.now_ns < end_ns:
        reach = max(1, round(2 * play.instrument.half_spread_ticks))
        play.take(play.account(), side, play.quantity(PUSH_MULTIPLE), PUSH, reach)
        yield play.wait(play.value("pause between pushes"))
    yield play.quick(play.value("gain taken after"))
    yield from _exit(play, there, holdings, -side)
    play.tell(f"It has traded out of {there.instrument.key} at what the push made of it.")


def _exit(play: Play, there: SchemeSeat, holdings: dict[Account, int], side: int) -> Behaviour:
    for _ in range(EXIT_ORDERS_MAX):
        holders = [account for account, held in holdings.items() if held > 0]
        if not holders:
            return
        account = play.random.choice(holders)
        quantity = min(holdings[account], play.quantity_in(there, POSITION_MULTIPLE))
        reach = max(1, round(there.instrument.half_spread_ticks))
        holdings[account] -= play.take(account, side, quantity, EXIT, reach, there)
        yield play.wait(0.8)
