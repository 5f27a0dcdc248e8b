"""What manipulation across markets has in common: a position in one place, a push in another, the gain in the first."""

from collections.abc import Callable
from typing import Literal

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.population import Account
from simulator.schemes import sources
from simulator.schemes.play import EXIT, POSITION, PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

POSITION_ORDERS = 24
POSITION_SECONDS = 4.0
"""So long an order of the position waits for others to come before what is left of it crosses the spread."""
PUSH_MULTIPLE = 12.0
PUSH_SECONDS_MAX = 60
EXIT_ORDERS_MAX = 120
EXIT_PATIENT_ORDERS = 90
EXIT_SECONDS = 1.0
"""So long an order of the exit waits at the best price for those who come at the price that was pushed."""
RATIOS = (
    Ratio("position", 40.0, 240.0, "x a typical order", sources.OPTIVER + ": several times what was pushed with"),
    Ratio("push", 1.5, 6.0, "x the usual range of a minute", sources.CATALOGUE + ": the move precedes the profit"),
    Ratio("pause between pushes", 2.0, 0.25, "s", sources.OURS),
    Ratio("gain taken after", 20.0, 1.0, "s", sources.CATALOGUE + ": the profit follows within t"),
)


def across(
    name: str, description: str, wants: Literal["venue", "product"], places: Callable[[SchemeSeat], list[SchemeSeat]]
) -> Scheme:
    """Return the scheme of pushing in one market and gaining in one of the `places` that follow it."""

    def play_across(play: Play) -> Behaviour:
        yield from _push_here_gain_there(play, play.random.choice(places(play.seat)))

    return Scheme(
        name=name,
        description=description,
        ratios=RATIOS,
        axes=("size", "timing", "split", "slow", "mixed"),
        troupe="single",
        duration_seconds_max=420.0,
        play=play_across,
        history_seconds=1_800.0,
        wants=wants,
    )


def _push_here_gain_there(play: Play, there: SchemeSeat) -> Behaviour:
    """Take a position elsewhere, push the price here with less than that, and trade out elsewhere while it lasts."""
    here, side = play.seat, play.side()
    holdings = play.holdings()
    for _ in range(POSITION_ORDERS):
        yield from _enter(play, there, holdings, side)
    left = play.instrument.typical_quantity * sum(holdings.values()) // there.instrument.typical_quantity
    target = here.listing.mid_ticks() + side * play.value("push") * play.usual_range_ticks(60.0)
    end_ns = here.until_ns(PUSH_SECONDS_MAX)
    play.tell(f"{play.crews[0][0].account} holds {there.instrument.key} and pushes {here.instrument.key}.")
    while side * (target - here.listing.mid_ticks()) > 0 and here.now_ns < end_ns and left > 0:
        left -= _push(play, side, target, left)
        yield play.wait(play.value("pause between pushes"))
    yield play.quick(play.value("gain taken after"))
    for number in range(EXIT_ORDERS_MAX):
        if not any(holdings.values()):
            break
        if side * (target - here.listing.mid_ticks()) > 0 and left > 0:
            left -= _push(play, side, target, left)
        yield from _leave(play, there, holdings, -side, number < EXIT_PATIENT_ORDERS)
    play.tell(f"It has traded out of {there.instrument.key} at what the push made of it.")


def _enter(play: Play, there: SchemeSeat, holdings: dict[Account, int], side: int) -> Behaviour:
    """Take a part of the position as others come: who pays for it with a move of its own has nothing to gain."""
    account, best = play.account(), there.best(side)
    quantity = play.quantity_in(there, play.value("position") / POSITION_ORDERS)
    if best is None:
        return
    order = there.submit(account, side, best, quantity, role=POSITION)
    yield play.wait(POSITION_SECONDS)
    left = order.leaves
    there.cancel(order)
    holdings[account] += order.filled + (play.take(account, side, left, POSITION, 1, there) if left else 0)


def _push(play: Play, side: int, target: float, quantity_max: int) -> int:
    """Take all that is offered up to the price aimed at; return how much that was."""
    opposite = play.seat.best(-side)
    if opposite is None:
        return 0
    quantity = min(quantity_max, play.quantity(PUSH_MULTIPLE))
    return play.take(play.account(), side, quantity, PUSH, max(1, round(side * (target - opposite))))


def _leave(play: Play, there: SchemeSeat, holdings: dict[Account, int], side: int, is_patient: bool) -> Behaviour:
    """Trade out of a part of the position: into those who come, in the end by crossing the spread."""
    account, best = play.random.choice([account for account, held in holdings.items() if held > 0]), there.best(side)
    quantity = min(holdings[account], play.quantity_in(there, play.value("position") / POSITION_ORDERS))
    if not is_patient or best is None:
        reach = max(1, round(there.instrument.half_spread_ticks))
        holdings[account] -= play.take(account, side, quantity, EXIT, reach, there)
        yield play.wait(EXIT_SECONDS)
        return
    order = there.submit(account, side, best, quantity, role=EXIT)
    yield play.wait(EXIT_SECONDS)
    there.cancel(order)
    holdings[account] -= order.filled
