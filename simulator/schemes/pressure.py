"""What spoofing and layering have in common: pressure on one side of the book to fill a genuine order on the other."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL, SIDE_NAMES, Order
from simulator.population import Account
from simulator.randomness import SECOND_NS, jittered_ns
from simulator.schemes.scheme import Step, multiple_quantity

LOOK_SECONDS = 0.08
ROUNDS_MAX = 20
GENUINE_MULTIPLES = (1, 2, 3)
SETTLE_SECONDS = 4.0
SIDE_WORDS = {BUY: "buy", SELL: "sell"}


@dataclass(frozen=True, slots=True)
class Pressure:
    """How the deceptive orders look: how many, at what distance and step, how large, how long they may live."""

    layer_count: int
    distance_ticks: int
    step_ticks: int
    size_multiple: float
    life_seconds: float
    withdrawal_seconds: float
    rounds: int


def press(seat: SchemeSeat, accounts: Sequence[Account], plan: Pressure) -> Behaviour:
    """Play rounds of pressure until enough of them brought a genuine fill."""
    account = accounts[0]
    side = BUY if seat.random.random() < 0.5 else SELL
    successes = 0
    for _ in range(ROUNDS_MAX):
        successes += yield from _round(seat, account, side, plan)
        if successes >= plan.rounds:
            break
        yield jittered_ns(seat.random, SETTLE_SECONDS, 0.4)
    seat.tell(f"{account.account} has finished: {successes} rounds with a genuine fill.")


def _round(seat: SchemeSeat, account: Account, genuine_side: int, plan: Pressure) -> Step:
    best = seat.best(genuine_side)
    if best is None or seat.best(-genuine_side) is None:
        return False
    wanted = multiple_quantity(seat.instrument, seat.random.choice(GENUINE_MULTIPLES))
    genuine = seat.submit(account, genuine_side, best, wanted)
    seat.tell(
        f"{account.account} rests a genuine {SIDE_WORDS[genuine_side]} order for {wanted} {seat.instrument.symbol} "
        f"at {seat.price_text(best)}."
    )
    yield jittered_ns(seat.random, 0.4, 0.5)
    if not genuine.is_resting:
        return False
    layers = yield from _place(seat, account, -genuine_side, plan)
    filled_before = genuine.filled
    seat.tell(
        f"{account.account} shows {len(layers)} {SIDE_NAMES[-genuine_side].lower()} orders, "
        f"{sum(order.quantity for order in layers)} in all, that it does not mean to trade."
    )
    give_up_ns = seat.now_ns + int(plan.life_seconds * SECOND_NS)
    while genuine.leaves and genuine.filled == filled_before and seat.now_ns < give_up_ns:
        if _is_exposed(seat, layers):
            break
        yield jittered_ns(seat.random, LOOK_SECONDS, 0.3)
    taken = 0 if _is_exposed(seat, layers) else _cross_remainder(seat, account, genuine)
    filled = genuine.filled + taken - filled_before
    still_shown = sum(order.is_resting for order in layers)
    if filled:
        yield jittered_ns(seat.random, plan.withdrawal_seconds, 0.4)
    for order in (*layers, genuine):
        seat.cancel(order)
    seat.tell(f"{account.account} got {filled} on the {SIDE_WORDS[genuine_side]} side and withdraws the pressure.")
    return filled > 0 and still_shown == plan.layer_count


def _is_exposed(seat: SchemeSeat, layers: Sequence[Order]) -> bool:
    """Whether a deceptive order would be the next to trade, or has traded: then it is withdrawn at once."""
    return any(
        not order.is_resting
        or (order.price == seat.best(order.side) and order.level is not None and order.level.head is order)
        for order in layers
    )


def _place(seat: SchemeSeat, account: Account, side: int, plan: Pressure) -> Generator[int, None, list[Order]]:
    """Enter the deceptive orders one after another, behind the best price so that they do not trade."""
    layers: list[Order] = []
    for index in range(plan.layer_count):
        best, opposite = seat.best(side), seat.best(-side)
        if best is None or opposite is None:
            break
        price = best - side * (plan.distance_ticks + index * plan.step_ticks)
        if layers and layers[-1].price is not None:
            price = layers[-1].price - side * plan.step_ticks
        size = multiple_quantity(seat.instrument, plan.size_multiple * (0.85 + 0.3 * seat.random.random()))
        layers.append(seat.submit(account, side, max(1, price), size))
        yield jittered_ns(seat.random, 0.1, 0.5)
    return layers


def _cross_remainder(seat: SchemeSeat, account: Account, genuine: Order) -> int:
    """Take what the moved book offers when nobody came to the genuine order."""
    opposite = seat.best(-genuine.side)
    if not genuine.is_resting or genuine.filled or opposite is None:
        return 0
    quantity = min(genuine.leaves, seat.depth(-genuine.side, 1))
    seat.cancel(genuine)
    return seat.submit(account, genuine.side, opposite, quantity, IMMEDIATE_OR_CANCEL).filled
