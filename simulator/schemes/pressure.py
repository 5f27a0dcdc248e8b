"""What spoofing and layering have in common: pressure on one side of the book to fill a genuine order on the other."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from simulator.market import Behaviour
from simulator.matching import IMMEDIATE_OR_CANCEL, SIDE_NAMES, Order
from simulator.population import Account
from simulator.schemes import sources
from simulator.schemes.play import DECEPTIVE, GENUINE, HIDDEN_AMONG, Play
from simulator.schemes.scheme import Step

LOOK_SECONDS = 0.08
ROUNDS_MAX = 20
GENUINE_MULTIPLES = (1, 2, 3)
GENUINE_SHARE_MAX = 0.2
"""Of the pressure: what is to be filled is small beside it, or it would be its own pressure."""
LEVELS = 10
SETTLE_SECONDS = 4.0
SEEN = sources.SARAO + ": more than 20 % of the side; " + sources.OYSTACHER + ": at least half of the level"


@dataclass(frozen=True, slots=True)
class Pressure:
    """How the deceptive orders look: how many, at what distance and step, how large, how long they may live.

    Together they are at least `depth_share` of their side's ten best levels, themselves included: what is no part of
    the picture moves nobody. However their size is hidden it is `depth_share_min` still.
    """

    layer_count: int
    distance_ticks: int
    step_ticks: int
    size_multiple: float
    depth_share: float
    depth_share_min: float
    life_seconds: float
    withdrawal_seconds: float
    rounds: int


def press(play: Play, plan: Pressure) -> Behaviour:
    """Play rounds of pressure until enough of them brought a genuine fill."""
    side = play.side()
    successes = 0
    for _ in range(ROUNDS_MAX):
        successes += yield from _round(play, side, plan)
        if successes >= plan.rounds:
            break
        yield play.wait(SETTLE_SECONDS)
    play.tell(f"{play.crews[0][0].account} has finished: {successes} rounds with a genuine fill.")


def _round(play: Play, genuine_side: int, plan: Pressure) -> Step:
    seat, account, word = play.seat, play.account(), SIDE_NAMES[genuine_side].lower()
    best = seat.best(genuine_side)
    if best is None or seat.best(-genuine_side) is None:
        return False
    sizes = _sizes(play, -genuine_side, plan)
    wanted = play.quantity(play.random.choice(GENUINE_MULTIPLES), spread=0.0)
    wanted = min(wanted, play.instrument.whole_lots(GENUINE_SHARE_MAX * sum(sizes)))
    genuine = seat.submit(account, genuine_side, best, wanted, role=GENUINE)
    play.tell(
        f"{account.account} rests a genuine {word} order for {wanted} {seat.instrument.symbol} at "
        f"{seat.price_text(best)}."
    )
    yield play.wait(0.4, 0.5)
    if not genuine.is_resting:
        return False
    layers = yield from _place(play, -genuine_side, plan, sizes)
    filled_before = genuine.filled
    play.tell(
        f"{account.account} shows {len(layers)} {SIDE_NAMES[-genuine_side].lower()} orders, "
        f"{sum(order.quantity for order in layers)} in all, that it does not mean to trade."
    )
    give_up_ns = seat.until_ns(play.haste(plan.life_seconds))
    while genuine.leaves and genuine.filled == filled_before and seat.now_ns < give_up_ns:
        if _is_exposed(play, layers):
            break
        yield play.wait(LOOK_SECONDS, 0.3)
    taken = 0 if _is_exposed(play, layers) else _cross_remainder(play, account, genuine)
    filled = genuine.filled + taken - filled_before
    still_shown = sum(order.is_resting for order in layers)
    if filled:
        yield play.quick(plan.withdrawal_seconds)
    for order in (*layers, genuine):
        seat.cancel(order)
    play.tell(f"{account.account} got {filled} on the {word} side and withdraws the pressure.")
    return filled > 0 and still_shown == plan.layer_count


def _is_exposed(play: Play, layers: Sequence[Order]) -> bool:
    """Whether a deceptive order has come to the best price, or has traded: then it is withdrawn at once."""
    return any(not order.is_resting or order.price == play.seat.best(order.side) for order in layers)


def is_next(play: Play, order: Order) -> bool:
    """Whether an order stands at the head of its side's best price."""
    at_best = order.price == play.seat.best(order.side)
    return at_best and order.level is not None and order.level.head is order


def _sizes(play: Play, side: int, plan: Pressure) -> list[int]:
    """Return the sizes of the deceptive orders: so many typical ones each, and together enough of the book to be seen.

    Hidden, each is as large as the largest of some ordinary orders, of twenty by now for all of them.
    """
    seen, unseen = (_share_of_depth(play, side, share) for share in (plan.depth_share, plan.depth_share_min))
    typical = play.instrument.typical_quantity
    open_size = max(plan.size_multiple, seen / plan.layer_count / typical)
    sizes = []
    for _ in range(plan.layer_count):
        draws = max(1, HIDDEN_AMONG // plan.layer_count)
        drawn = max(play.quantity(open_size, spread=0.15) for _ in range(draws if play.camouflage.size else 1))
        sizes.append(max(drawn, play.instrument.whole_lots(unseen / plan.layer_count)))
    return sizes


def _share_of_depth(play: Play, side: int, share: float) -> float:
    """Return what makes that share of a side's best levels once it is added to them."""
    return share / (1.0 - share) * play.seat.depth(side, LEVELS)


def _place(play: Play, side: int, plan: Pressure, sizes: Sequence[int]) -> Generator[int, None, list[Order]]:
    """Enter the deceptive orders one after another, behind the best price so that they do not trade."""
    layers: list[Order] = []
    for size in sizes:
        best, opposite = play.seat.best(side), play.seat.best(-side)
        if best is None or opposite is None:
            break
        price = best - side * plan.distance_ticks
        if layers and layers[-1].price is not None:
            price = layers[-1].price - side * plan.step_ticks
        layers.append(play.seat.submit(play.account(), side, max(1, price), size, role=DECEPTIVE))
        yield play.apart(0.1, 0.5)
    return layers


def _cross_remainder(play: Play, account: Account, genuine: Order) -> int:
    """Take what the moved book offers when nobody came to the genuine order."""
    seat = play.seat
    opposite = seat.best(-genuine.side)
    if not genuine.is_resting or genuine.filled or opposite is None:
        return 0
    quantity = min(genuine.leaves, seat.depth(-genuine.side, 1))
    seat.cancel(genuine)
    return seat.submit(account, genuine.side, opposite, quantity, IMMEDIATE_OR_CANCEL, role=GENUINE).filled
