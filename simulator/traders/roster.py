"""Who trades: for every instrument the same kinds of people, each with a random stream of its own."""

from collections.abc import Callable, Iterator
from itertools import cycle

from simulator.market import Behaviour, Listing, Market, Seat
from simulator.population import DORMANT_SECONDS, INSTITUTION, MARKET_MAKER, PROPRIETARY, RETAIL, Account, Population
from simulator.randomness import stream
from simulator.traders.arbitrage import arbitrage, follow, hedge_across
from simulator.traders.auctioneers import join_calls, meet_imbalance, rebalance
from simulator.traders.hedger import hedge
from simulator.traders.institution import show_block, slice_block
from simulator.traders.intention import Intentions
from simulator.traders.market_maker import make_market
from simulator.traders.momentum import chase, follow_trend
from simulator.traders.occasional import trade_now_and_then
from simulator.traders.patient import rest
from simulator.traders.pegger import peg
from simulator.traders.reader import read_book
from simulator.traders.takers import take
from simulator.traders.value import wander

MARKET_MAKERS_PER_INSTRUMENT = 3
HEDGERS_PER_INSTRUMENT = 2
PEGGERS_PER_INSTRUMENT = 2
READERS_PER_INSTRUMENT = 2
TREND_FOLLOWERS_PER_INSTRUMENT = 2
SPECIALISTS_PER_INSTRUMENT = (
    READERS_PER_INSTRUMENT + TREND_FOLLOWERS_PER_INSTRUMENT + HEDGERS_PER_INSTRUMENT + PEGGERS_PER_INSTRUMENT
)
"""Proprietary accounts with one habit each in an instrument; the crowd there is everybody else."""
REACTION_SECONDS = (0.15, 0.6, 2.5)
"""Of one market maker after another: machines next to the room, ordinary ones, and slow ones."""
LOOK_SECONDS = 0.6
TAKES_PER_SECOND = 0.8
RESTS_PER_SECOND = 3.2
CALL_ORDERS_PER_SECOND = 1.2
ARBITRAGEURS_PER_PAIR = 2
FUNDS_AT_THE_CLOSE = 6
"""Index funds that each have an order of their own in a closing call."""


def cast(market: Market, population: Population, seed: int, activity: float) -> None:
    """Let the ordinary traders of every listing into the market; `activity` scales how often they act."""
    for position, listing in enumerate(market.listings.values()):
        makers = (2 * position + index for index in range(MARKET_MAKERS_PER_INSTRUMENT))
        intentions = Intentions()
        market.enter(_opinion(market, listing, seed, activity))
        for behaviour in _people(market, listing, population, seed, activity, makers, intentions):
            market.enter(behaviour, listing=listing)
        if listing.instrument.hours is not None:
            for behaviour in _call_people(market, listing, population, seed, activity, intentions):
                market.enter(behaviour)
    for listing, behaviour in _people_between(market, population, seed):
        market.enter(_unhurried(behaviour, activity), listing=listing)


def _slowness(activity: float) -> float:
    """Return how much slower than usual everything is in a quiet market.

    There the same happens in more time, news too. A busy market has more people instead: nobody is faster than usual.
    """
    return max(1.0, 1.0 / activity)


def _unhurried(behaviour: Behaviour, activity: float) -> Behaviour:
    """Return a trader, or an opinion, at the pace of the market: in a quiet one every wait is longer."""
    slowness = _slowness(activity)
    return behaviour if slowness == 1.0 else (int(wait_ns * slowness) for wait_ns in behaviour)


def _opinion(market: Market, listing: Listing, seed: int, activity: float) -> Behaviour:
    """Return what moves the value of a listing: its own news, or the listing it follows."""
    leader = leader_of(listing, market)
    random = stream(seed, f"{listing.key}/value")
    if leader is None:
        return _unhurried(wander(listing, random, max(1.0, activity), _slowness(activity)), activity)
    return follow(listing, leader, random)


def leader_of(listing: Listing, market: Market) -> Listing | None:
    """Return the listing whose value another one follows: its underlying, or its symbol at the first venue."""
    instrument = listing.instrument
    name = instrument.underlying or instrument.symbol
    leader = next((one for one in market.listings.values() if one.instrument.symbol == name), None)
    return None if leader is listing else leader


def _call_people(
    market: Market, listing: Listing, population: Population, seed: int, activity: float, intentions: Intentions
) -> Iterator[Behaviour]:
    pace = activity * listing.instrument.activity
    crowd = Seat(market, listing, stream(seed, f"{listing.key}/calls"))
    yield join_calls(crowd, population.clients, intentions, CALL_ORDERS_PER_SECOND * pace)
    for number in range(FUNDS_AT_THE_CLOSE):
        fund = Seat(market, listing, stream(seed, f"{listing.key}/rebalancing {number}"))
        yield rebalance(fund, population.of_type(INSTITUTION), intentions)
    makers = Seat(market, listing, stream(seed, f"{listing.key}/imbalance"))
    yield meet_imbalance(makers, population.of_type(MARKET_MAKER), pace)


def _people_between(market: Market, population: Population, seed: int) -> Iterator[tuple[Listing, Behaviour]]:
    """Return arbitrageurs and hedgers for every listing that follows another one."""
    for listing in market.listings.values():
        leader = leader_of(listing, market)
        if leader is None:
            continue
        chosen = _between(listing, population, seed)
        for number, account in enumerate(chosen[1:]):
            seat = Seat(market, listing, stream(seed, f"{listing.key}/arbitrage {number}"))
            yield listing, arbitrage(seat, seat.at(leader.key), account)
        seat = Seat(market, listing, stream(seed, f"{listing.key}/hedging"))
        yield listing, hedge_across(seat, seat.at(leader.key), chosen[0])


def _between(listing: Listing, population: Population, seed: int) -> list[Account]:
    """Return who trades between a listing and the one it follows: a hedger, then arbitrageurs."""
    return stream(seed, f"{listing.key}/between").sample(population.of_type(PROPRIETARY), ARBITRAGEURS_PER_PAIR + 1)


def _crowd(
    market: Market, listing: Listing, population: Population, seed: int, specialists: list[Account]
) -> tuple[Account, ...]:
    """Return who else trades in a listing, each as often as it is active: owners who have no other business there."""
    busy = {one.owner for one in specialists}
    for other in market.listings.values():
        leader = leader_of(other, market)
        if leader is not None and listing in (other, leader):
            busy.update(one.owner for one in _between(other, population, seed))
    return tuple(one for one in population.clients if one.owner not in busy for _ in range(one.activity))


def _people(
    market: Market,
    listing: Listing,
    population: Population,
    seed: int,
    activity: float,
    makers: Iterator[int],
    intentions: Intentions,
) -> Iterator[Behaviour]:
    symbol, pace = listing.key, activity * listing.instrument.activity
    market_makers = population.of_type(MARKET_MAKER)
    specialists = stream(seed, f"roster/{symbol}").sample(population.of_type(PROPRIETARY), SPECIALISTS_PER_INSTRUMENT)
    crowd = _crowd(market, listing, population, seed, specialists)

    def seat(name: str) -> Seat:
        return Seat(market, listing, stream(seed, f"{symbol}/{name}"))

    for index, reaction_seconds in zip(makers, cycle(REACTION_SECONDS), strict=False):
        account = market_makers[index % len(market_makers)]
        yield make_market(seat(f"maker {index}"), account, reaction_seconds / pace, max(1.0, activity))
    yield take(seat("takers"), crowd, intentions, TAKES_PER_SECOND * pace)
    yield rest(seat("patient"), crowd, intentions, RESTS_PER_SECOND * pace)
    institutions = population.of_type(INSTITUTION)
    yield _unhurried(slice_block(seat("slicing"), institutions, intentions), activity)
    yield _unhurried(show_block(seat("blocks"), institutions, intentions), activity)
    yield chase(seat("herd"), population.of_type(RETAIL), intentions)
    dormant_seconds = DORMANT_SECONDS * len(market.listings) / max(1, len(population.dormant))
    yield trade_now_and_then(seat("dormant"), population.dormant, dormant_seconds)
    yield from _specialists(seat, iter(specialists), listing.instrument.activity, activity)


def _specialists(
    seat: Callable[[str], Seat], free: Iterator[Account], liveliness: float, activity: float
) -> Iterator[Behaviour]:
    """Return those with one habit each."""
    look_seconds = LOOK_SECONDS / (max(1.0, activity) * liveliness)
    for index in range(READERS_PER_INSTRUMENT):
        yield _unhurried(read_book(seat(f"reader {index}"), next(free), look_seconds), activity)
    for index in range(TREND_FOLLOWERS_PER_INSTRUMENT):
        yield follow_trend(seat(f"trend {index}"), next(free), _slowness(activity))
    for index in range(HEDGERS_PER_INSTRUMENT):
        yield _unhurried(hedge(seat(f"hedger {index}"), next(free)), activity)
    for index in range(PEGGERS_PER_INSTRUMENT):
        yield _unhurried(peg(seat(f"pegger {index}"), next(free)), activity)


def market_maker_count(instrument_count: int) -> int:
    """Return how many market makers a market of so many instruments needs; neighbours share some."""
    return 2 * instrument_count + MARKET_MAKERS_PER_INSTRUMENT - 2
