"""Collusion: people of one office, each with an account of their own, act as one."""

from simulator.market import Behaviour
from simulator.schemes import sources
from simulator.schemes.play import EXIT, PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme


def _play(play: Play) -> Behaviour:
    for _ in range(play.count("waves")):
        side = play.side()
        holdings = {crew[0]: 0 for crew in play.crews}
        play.tell(f"{len(play.crews)} people of one office trade on one side within moments.")
        for push in (PUSH, EXIT):
            for account in play.random.sample(list(holdings), len(holdings)):
                same = play.random.random() < play.value("on one side")
                quantity = play.quantity(play.value("size of each"))
                if push == EXIT:
                    quantity = holdings[account]
                filled = play.take(account, side if same else -side, quantity, push, 1)
                holdings[account] += filled if push == PUSH else -filled
                yield play.wait(play.value("within") / len(holdings))
            side = -side
            yield play.quick(play.value("turned after"))
        yield play.wait(60.0)


COLLUSION = Scheme(
    name="collusion",
    description="Several owners behind one subnet, without a declared link, trade on one side within a minute, and out "
    "again together.",
    ratios=(
        Ratio("waves", 1, 6, "", sources.OURS, is_count=True),
        Ratio("on one side", 0.75, 1.0, "of their orders", sources.CATALOGUE + ": 70 % and more"),
        Ratio("within", 60.0, 4.0, "s", sources.CATALOGUE + ": 60 s"),
        Ratio("size of each", 1.0, 8.0, "x a typical order", sources.OURS),
        Ratio("turned after", 60.0, 10.0, "s", sources.OURS),
    ),
    axes=("size", "timing", "layers", "slow", "mixed"),
    troupe="office",
    duration_seconds_max=1_500.0,
    play=_play,
)
