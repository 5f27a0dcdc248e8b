"""Index rebalancing at the close: every tracker of an index has to buy one share by the close, and all do.

A tracker is measured against the closing price, so that it trades a part on the way and most in the last moments;
its size and its time are dictated by the index, not by an opinion.
"""

from heapq import heapify, heappop, heappush

from simulator.hard_negatives.hard_negative import HardNegative, People
from simulator.hard_negatives.orders import some_side
from simulator.labels import SchemeSeat
from simulator.market import Behaviour
from simulator.matching_engine import AUCTION
from simulator.population import INSTITUTION
from simulator.randomness import SECOND_NS, jittered_ns

TRACKER_COUNT = 5
DURATION_SECONDS = 480.0
LAST_SECONDS = 75.0
EARLY_GAP_SECONDS = 14.0
LAST_GAP_SECONDS = 1.6
EARLY_MULTIPLE = 1.0
LAST_MULTIPLE = 3.0
CALL_MULTIPLE = 25.0
CALL_GAP_SECONDS = 2.0


def _play(seat: SchemeSeat, people: People) -> Behaviour:
    side = some_side(seat)
    end_ns = seat.until_ns(DURATION_SECONDS - 2.0)
    turns = [(seat.now_ns + jittered_ns(seat.random, EARLY_GAP_SECONDS, 0.8), place) for place in range(len(people))]
    heapify(turns)
    while turns[0][0] < end_ns:
        due_ns, place = heappop(turns)
        yield max(0, due_ns - seat.now_ns)
        is_last = end_ns - seat.now_ns < LAST_SECONDS * SECOND_NS
        multiple = LAST_MULTIPLE if is_last else EARLY_MULTIPLE
        size = seat.instrument.typical(multiple * (0.5 + seat.random.random()))
        seat.take(people[place], side, size, reach_ticks=2 if is_last else 0)
        gap_seconds = LAST_GAP_SECONDS if is_last else EARLY_GAP_SECONDS
        heappush(turns, (seat.now_ns + jittered_ns(seat.random, gap_seconds, 0.5), place))
    yield from _in_the_closing_call(seat, people, side)


def _in_the_closing_call(seat: SchemeSeat, people: People, side: int) -> Behaviour:
    """Enter what is left as orders at any price, where the day ends with a call."""
    if seat.close_ns is None or seat.close_ns > seat.until_ns(LAST_SECONDS):
        return
    yield max(0, seat.close_ns - seat.now_ns) + SECOND_NS
    for account in people:
        if seat.phase == AUCTION:
            seat.submit(account, side, None, seat.instrument.typical(CALL_MULTIPLE))
            yield jittered_ns(seat.random, CALL_GAP_SECONDS, 0.8)


INDEX_REBALANCING = HardNegative(
    name="index_rebalancing",
    description="Five index trackers buy (or sell) one share until the close, most of it in the last minute.",
    resembles=(
        "account_volume_spike",
        "collusion",
        "dominating_volume",
        "marking_the_close",
        "ramping",
        "volume_surge",
    ),
    play=_play,
    duration_seconds_max=DURATION_SECONDS,
    account_type=INSTITUTION,
    owner_count=TRACKER_COUNT,
    at_close=True,
)
