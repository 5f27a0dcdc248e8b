"""Pump and dump: buy quietly, announce it and drive the price up until a crowd chases it, sell everything to them."""

from simulator.market import Behaviour, Seat
from simulator.matching import BUY, IMMEDIATE_OR_CANCEL, SELL
from simulator.population import Account
from simulator.randomness import client_quantity, wait_ns
from simulator.schemes import sources
from simulator.schemes.play import EXIT, POSITION, PUSH, Play
from simulator.schemes.scheme import Ratio, Scheme

ACCUMULATION_ORDERS = 20
ACCUMULATION_PAUSE_SECONDS = 2.0
PUMP_SECONDS_MAX = 150
BURST_GAP_SECONDS = 0.15
PUMP_MULTIPLE = 12.0
PUMP_GROWTH = 1.05
"""Each burst is so much larger than the one before, until the price is where they want it."""
REACH_SHARE = 0.006
"""How far above the best offer a pumping order will pay."""
CROWD_SECONDS = 70.0
"""What is known of the crowd's volume and of the rise is known of so much time after the announcement."""
CROWD_ORDERS_MAX = 800
"""No more of a group's members are at their screens."""
CROWD_REACH_SHARE = 0.02
PANIC_SHARE = 0.5
PANIC_SECONDS = 120.0
"""So many of the crowd sell at any price, in so much time from the dump on."""
DUMP_SECONDS_MAX = 240
DUMP_PAUSE_SECONDS = 0.7
DUMP_MULTIPLE = 30.0


def _play(play: Play) -> Behaviour:
    holdings = play.holdings()
    symbol = play.instrument.symbol
    play.tell(f"{len(holdings)} accounts begin to buy {symbol} quietly.")
    for _ in range(ACCUMULATION_ORDERS):
        _buy(play, holdings, 1.0 + 2.0 * play.random.random(), 0, POSITION)
        yield play.wait(ACCUMULATION_PAUSE_SECONDS, 0.5)
    bought: list[tuple[Account, int]] = []
    start = play.seat.listing.mid_ticks()
    play.seat.beside(_chase(play, bought))
    yield from _pump(play, holdings)
    yield play.quick(4.0)
    play.seat.beside(_panic(play, bought, start))
    play.tell(f"They begin to sell {sum(holdings.values())} {symbol} to those who follow.")
    yield from _dump(play, holdings)
    play.tell(f"{symbol} is back at {play.seat.price_text(play.seat.listing.mid_ticks())}.")


def _pump(play: Play, holdings: dict[Account, int]) -> Behaviour:
    seat = play.seat
    start = seat.listing.mid_ticks()
    target = start * (1.0 + play.value("rise aimed at") / 100.0)
    end_ns = seat.until_ns(PUMP_SECONDS_MAX)
    play.tell(f"They drive it up from {seat.price_text(start)} with bursts of marketable orders.")
    multiple = PUMP_MULTIPLE
    while seat.listing.mid_ticks() < target and seat.now_ns < end_ns:
        for _ in range(1 + int(play.random.random() * play.count("orders in a burst"))):
            reach = max(1, int(seat.listing.mid_ticks() * REACH_SHARE))
            _buy(play, holdings, multiple * (0.5 + play.random.random()), reach, PUSH)
            yield play.wait(BURST_GAP_SECONDS, 0.5)
        multiple *= PUMP_GROWTH
        yield play.wait(play.value("pause between bursts"))
    play.tell(f"It stands at {seat.price_text(seat.listing.mid_ticks())}.")


def _chase(play: Play, bought: list[tuple[Account, int]]) -> Behaviour:
    """Let those who read the announcement buy, up to the price they are told it will reach."""
    honest = play.seat.honest(play.random)
    target = honest.listing.mid_ticks() * (1.0 + play.value("rise aimed at") / 100.0)
    wanted = play.value("volume") * play.traded() / play.seat.running_seconds * CROWD_SECONDS
    orders = min(CROWD_ORDERS_MAX, max(1, round(wanted / honest.instrument.typical_quantity)))
    end_ns = play.seat.until_ns(CROWD_SECONDS)
    while honest.now_ns < end_ns:
        yield wait_ns(play.random, CROWD_SECONDS / orders)
        _believe(play, honest, target, 1.0 / orders)
        ask = honest.best(SELL)
        if ask is not None:
            reader = play.somebody_else()
            price = min(round(ask * (1.0 + CROWD_REACH_SHARE)), max(ask, round(target)))
            quantity = client_quantity(play.random, honest.instrument, is_small=True)
            bought.append((reader, honest.submit(reader, BUY, price, quantity, IMMEDIATE_OR_CANCEL).filled))


def _believe(play: Play, honest: Seat, until: float, share: float) -> None:
    """Let those who quote step back from the crowd, filled or not: by a share of the rise, until a price is reached."""
    value = honest.listing.value_ticks * (1.0 + play.value("rise aimed at") / 100.0) ** share
    if (until - value) * share > 0:
        honest.listing.value_ticks = value


def _panic(play: Play, bought: list[tuple[Account, int]], start: float) -> Behaviour:
    """Let many of those who bought sell at any price once it falls."""
    honest: Seat = play.seat.honest(play.random)
    sellers = [one for one in bought if one[1] and play.random.random() < PANIC_SHARE]
    play.random.shuffle(sellers)
    for reader, quantity in sellers:
        yield wait_ns(play.random, PANIC_SECONDS / len(sellers))
        _believe(play, honest, start, -1.0 / len(sellers))
        bid = honest.best(BUY)
        if bid is not None:
            price = max(1, round(bid * (1.0 - CROWD_REACH_SHARE)))
            honest.submit(reader, SELL, price, quantity, IMMEDIATE_OR_CANCEL)


def _dump(play: Play, holdings: dict[Account, int]) -> Behaviour:
    end_ns = play.seat.until_ns(DUMP_SECONDS_MAX)
    while any(holdings.values()) and play.seat.now_ns < end_ns:
        account = play.random.choice([account for account, held in holdings.items() if held])
        bid = play.seat.best(BUY)
        if bid is not None:
            size = play.quantity(DUMP_MULTIPLE * (0.5 + play.random.random()), spread=0.0)
            reach = max(1, int(bid * REACH_SHARE))
            holdings[account] -= play.take(account, SELL, min(size, holdings[account]), EXIT, reach)
        yield play.wait(DUMP_PAUSE_SECONDS, 0.5)


def _buy(play: Play, holdings: dict[Account, int], multiple: float, reach_ticks: int, role: str) -> None:
    account = play.random.choice(list(holdings))
    holdings[account] += play.take(account, BUY, play.quantity(multiple, spread=0.0), role, reach_ticks)


PUMP_AND_DUMP = Scheme(
    name="pump_and_dump",
    description="Accounts buy quietly, announce a price and drive it up in bursts; a crowd that reads it chases it, is "
    "sold everything, and flees.",
    ratios=(
        Ratio("rise aimed at", 5.0, 125.0, "%", sources.PUMPS + ": 5 % in 5 min and more; 25 % in 70 s on average"),
        Ratio("volume", 30.0, 730.0, "x the usual of 70 s wanted", sources.PUMPS + ": 148 x on average"),
        Ratio("pause between bursts", 5.0, 1.5, "s", sources.PUMPS + ": rush orders in 5 to 25 s"),
        Ratio("orders in a burst", 4, 7, "at most", sources.PUMPS + ": rush orders in 5 to 25 s", is_count=True),
    ),
    axes=("size", "timing", "split", "layers", "slow", "mixed"),
    troupe="strangers",
    duration_seconds_max=480.0,
    play=_play,
    history_seconds=3_600.0,
    wants="thin",
)
