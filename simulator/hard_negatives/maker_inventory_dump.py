"""A market maker dumps its inventory: at its risk limit it withdraws its quotes and takes its way out at once."""

from collections.abc import Generator

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import Ladder
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching import BUY, SELL
from simulator.population import PROPRIETARY, Account
from simulator.randomness import jittered_ns

DURATION_SECONDS = 420.0
REACTION_SECONDS = 0.3
LEVEL_COUNT = 3
LIMIT_MULTIPLE = 6.0
CLIP_MULTIPLE = 2.5
CLIP_GAP_SECONDS = 0.15
CLIPS_MAX = 8
RECOVERY_SECONDS = 8.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    ladder = Ladder(seat, people[0])
    sold = 0
    limit = seat.instrument.typical(LIMIT_MULTIPLE)
    end_ns = seat.until_ns(DURATION_SECONDS)
    while seat.now_ns < end_ns:
        position = ladder.inventory - sold
        if abs(position) >= limit:
            sold += yield from _dump(seat, people[0], ladder, position)
            yield jittered_ns(seat.random, RECOVERY_SECONDS, 0.4)
            continue
        for side in (BUY, SELL):
            best = seat.best(side)
            for level in range(LEVEL_COUNT if best is not None else 0):
                ladder.show(side, level, (best or 0) - side * level, seat.instrument.typical(1.5 + level))
        yield jittered_ns(seat.random, REACTION_SECONDS, 0.5)
    for side in (BUY, SELL):
        ladder.clear(side)


def _dump(seat: SchemeSeat, account: Account, ladder: Ladder, position: int) -> Generator[int, None, int]:
    """Withdraw all quotes and take the way out in clips; return what the position went down by, with its sign."""
    side = SELL if position > 0 else BUY
    for one in (-side, side):
        ladder.clear(one)
    done = 0
    for _ in range(CLIPS_MAX):
        clip = min(abs(position) - done, seat.instrument.typical(CLIP_MULTIPLE))
        done += seat.take(account, side, clip, reach_ticks=2)
        if done >= abs(position):
            break
        yield jittered_ns(seat.random, CLIP_GAP_SECONDS, 0.5)
    return -side * done


MAKER_INVENTORY_DUMP = HardNegative(
    name="maker_inventory_dump",
    description="A market maker that reached its risk limit withdraws its quotes and sells (buys) itself flat in "
    "seconds, then quotes again.",
    resembles=("flipping", "layering", "momentum_ignition", "ramping", "spoofing", "wash_netting"),
    play=_play,
    duration_seconds_max=DURATION_SECONDS + 60.0,
    account_type=PROPRIETARY,
)
