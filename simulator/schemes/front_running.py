"""Front running: trade before a large order that one knows of from one's own desk, and out again into it."""

from simulator.market import Behaviour
from simulator.matching import DAY, SIDE_NAMES
from simulator.schemes import sources
from simulator.schemes.play import GENUINE, VICTIM, Play
from simulator.schemes.scheme import Ratio, Scheme

CLIENT_PATIENCE_SECONDS = 60.0
SLICES = 3
REMAINDER = 1.3
"""The client takes all that is offered up to its limit, and the rest of its order stands there."""
PAUSE_SECONDS = 200.0
"""Clients with large orders come minutes apart."""


def _play(play: Play) -> Behaviour:
    for _ in range(play.count("large orders")):
        yield from _round(play)
        yield play.wait(PAUSE_SECONDS)


def _round(play: Play) -> Behaviour:
    seat, side = play.seat, play.side()
    large = play.instrument.typical(play.value("size of the large order"))
    own = play.value("own size") * large / play.instrument.typical_quantity
    holdings = dict.fromkeys(play.crews[0], 0)
    play.tell(f"{play.crews[0][0].account} knows that {large} are about to be traded and is quicker.")
    for _ in range(SLICES):
        account = play.account()
        holdings[account] += play.take(account, side, play.quantity(own / SLICES), GENUINE, 1)
        yield play.wait(play.value("before the large order") / SLICES)
    opposite, honest = seat.best(-side), seat.honest(play.random)
    if opposite is None:
        return
    reach = max(1, round(opposite * play.value("move made by it") / 10_000))
    large = max(large, play.instrument.whole_lots(REMAINDER * seat.depth(-side, reach)))
    client = honest.submit(play.account(1), side, max(1, opposite + side * reach), large, DAY)
    seat.scenario.note(client, VICTIM)
    play.tell(f"A client's order to {SIDE_NAMES[side].lower()} {large} comes in.")
    yield play.quick(play.value("out again after"))
    yield from play.unwind(holdings, -side, max(1.0, own / SLICES), 0.8, patient_orders=0)
    yield play.wait(CLIENT_PATIENCE_SECONDS)
    honest.cancel(client)


FRONT_RUNNING = Scheme(
    name="front_running",
    description="Knowing of a large order at their own desk, somebody trades on its side shortly before it and out "
    "again, at a gain, into the move it makes.",
    ratios=(
        Ratio("before the large order", 40.0, 3.0, "s", sources.CATALOGUE + ": at most 45 s before"),
        Ratio("size of the large order", 15.0, 80.0, "x a typical order", sources.CATALOGUE + ": a large order"),
        Ratio("own size", 0.03, 0.25, "of the large order", sources.OURS),
        Ratio("move made by it", 12.5, 50.0, "basis points", sources.CATALOGUE + ": 25 and more"),
        Ratio("out again after", 40.0, 2.0, "s", sources.CATALOGUE + ": at most 90 s after"),
        Ratio("large orders", 1, 4, "", sources.OURS, is_count=True),
    ),
    axes=("size", "timing", "split", "layers", "slow", "mixed"),
    troupe="desk",
    duration_seconds_max=1_500.0,
    play=_play,
    history_seconds=600.0,
)
