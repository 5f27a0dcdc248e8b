from typing import Any

import numpy as np
import pytest

from simulator.scorecard.baselines import BASELINES, said_by_baselines
from simulator.scorecard.baselines.windows import codes, recent_count, recent_sum
from simulator.scorecard.table import EventTable, table_of
from tapewatch.market.reference import Reference
from tests.simulator.scorecard.cases import OWNERS, START, S, cancel, event, new, table, trade

Rows = list[dict[str, Any]]
USUAL = [new(second / 10, f"u{second}", "A4", "BUY", 9.0, 100) for second in range(20)]


def flagged(rule_id: str, rows: Rows, reference: Reference = OWNERS) -> set[str]:
    """Accounts named by what the naive rule says."""
    said = BASELINES[rule_id].sightings(table(rows, reference))
    return {account for each in said for account in each.accounts}


def brief(name: str, account: str, second: float, quantity: float, life_s: float, **values: Any) -> Rows:
    price = values.get("price", 9.0)
    side = values.get("side", "BUY")
    return [new(second, name, account, side, price, quantity), cancel(second + life_s, name, account, side)]


def many(
    count: int, account: str, start: float, step: float, life_s: float, quantity: float = 100, side: str = "BUY"
) -> Rows:
    made = [
        brief(f"{account}{start}-{n}", account, start + n * step, quantity, life_s, side=side) for n in range(count)
    ]
    return [row for each in made for row in each]


def trades(
    count: int, buyer: str, seller: str, start: float, step: float, rise: float = 0.0, size: float = 100
) -> Rows:
    made = [trade(start + n * step, f"{buyer}{start}{n}", buyer, seller, 10 + n * rise, size) for n in range(count)]
    return [row for each in made for row in each]


def sale(account: str, second: float) -> Rows:
    return [event(second, "FILL", order_id="x", account=account, side="SELL", price=10.0, quantity=1.0, aggressor=True)]


BACKGROUND = [row for minute in range(12) for row in trades(2, "A3", "A4", minute * 60, 20)]
CASES: dict[str, tuple[Rows, Rows]] = {
    "spoofing": ([*USUAL, *brief("o", "A1", 5, 1000, 10)], [*USUAL, *brief("o", "A1", 5, 999, 10)]),
    "layering": (many(4, "A1", 5, 10, 20), many(3, "A1", 5, 10, 20)),
    "flipping": (
        [*brief("o", "A1", 5, 100, 1), *sale("A1", 6.9)],
        [*brief("o", "A1", 5, 100, 1), *sale("A1", 7.1)],
    ),
    "smoking": (many(3, "A1", 5, 10, 0.5), many(3, "A1", 5, 10, 0.6)),
    "pinging": ([*USUAL, *many(10, "A1", 5, 1, 0.1)], [*USUAL, *many(9, "A1", 5, 1, 0.1)]),
    "phishing": (
        [*USUAL, *many(3, "A1", 5, 1, 0.5, 50), new(10, "big", "A1", "SELL", 9, 500)],
        [*USUAL, *many(3, "A1", 5, 1, 0.5, 50), new(10, "big", "A1", "BUY", 9, 500)],
    ),
    "no_intent_orders": (
        [*trade(0, "t", "A3", "A4", 9.0), *USUAL, *brief("o", "A1", 5, 100, 5, price=4.0)],
        [*trade(0, "t", "A3", "A4", 9.0), *USUAL, *brief("o", "A1", 5, 100, 6, price=4.0)],
    ),
    "cancel_to_fill": (many(12, "A1", 5, 1, 0.5), many(9, "A1", 5, 1, 0.5)),
    "quote_stuffing": (many(46, "A1", 0, 1, 0.5), many(45, "A1", 0, 1, 0.5)),
    "momentum_ignition": (
        [*trades(5, "A1", "A2", 0, 5, 0.01), *trade(60, "back", "A3", "A1")],
        [*trades(4, "A1", "A2", 0, 5, 0.01), *trade(60, "back", "A3", "A1")],
    ),
    "ramping": (trades(5, "A1", "A2", 0, 5, 0.01), trades(5, "A1", "A2", 0, 5, 0.005)),
    "wash_self": (trade(1, "t", "A1", "A1"), trade(1, "t", "A1", "A1b")),
    "wash_owner": (trade(1, "t", "A1", "A1b"), trade(1, "t", "A1", "A2")),
    "wash_netting": (
        [*trades(2, "A1", "A2", 0, 5), *trades(2, "A3", "A1", 20, 5)],
        [*trades(2, "A1", "A2", 0, 5), *trades(2, "A3", "A1", 20, 5, size=110)],
    ),
    "ping_pong": (
        [*trades(3, "A1", "A2", 0, 10), *trades(3, "A2", "A1", 40, 10)],
        [*trades(3, "A1", "A2", 0, 10), *trades(2, "A2", "A1", 40, 10)],
    ),
    "wash_ring": (
        [*trade(1, "a", "A1", "A2"), *trade(2, "b", "A2", "A3"), *trade(3, "c", "A3", "A1")],
        [*trade(1, "a", "A1", "A2"), *trade(2, "b", "A2", "A3"), *trade(3, "c", "A1", "A3")],
    ),
    "matched_orders": (
        [new(1, "t-B", "A1", "BUY", 10, 100), new(3, "t-S", "A2", "SELL", 10, 100), *trade(3, "t", "A1", "A2")],
        [new(1, "t-B", "A1", "BUY", 10, 100), new(4, "t-S", "A2", "SELL", 10, 100), *trade(4, "t", "A1", "A2")],
    ),
    "painting_the_tape": (
        [*USUAL, *trades(3, "A1", "A2", 5, 10, 0.01, 50)],
        [*USUAL, *trades(3, "A1", "A2", 5, 10, 0.0, 50)],
    ),
    "pump_and_dump": (
        [*trades(2, "A3", "A4", 0, 100), *trades(2, "A3", "A4", 300, 100), *trades(8, "A1", "A2", 600, 30, 0.1)],
        [*trades(2, "A3", "A4", 0, 100), *trades(2, "A3", "A4", 300, 100), *trades(8, "A1", "A2", 600, 30, 0.05)],
    ),
    "marking_the_close": (
        [*trades(3, "A3", "A4", 0, 60), *trades(2, "A1", "A4", 590, 5), *trades(3, "A2", "A4", 500, 10)],
        [*trades(3, "A3", "A4", 0, 60), *trades(2, "A1", "A4", 590, 5), *trades(9, "A2", "A4", 500, 10)],
    ),
    "dominating_volume": (
        [*trades(6, "A1", "A4", 0, 5), *trades(5, "A2", "A4", 2, 5)],
        [*trades(4, "A1", "A4", 0, 5), *trades(3, "A2", "A4", 2, 5)],
    ),
    "floor_ceiling": (
        [*trades(5, "A1", "A4", 0, 5), *trades(4, "A2", "A4", 2, 5)],
        [*trades(5, "A1", "A4", 0, 5, 0.01), *trades(4, "A2", "A4", 2, 5)],
    ),
    "account_volume_spike": (
        [*trade(0, "a", "A1", "A2"), *trades(8, "A1", "A3", 10_000, 5)],
        [*trade(0, "a", "A1", "A2"), *trade(10_000, "b", "A1", "A2", 10, 60)],
    ),
    "front_running": (
        [*USUAL, *trade(10, "in", "A1", "A4"), new(50, "big", "A2", "BUY", 9, 1000), *trade(100, "out", "A3", "A1")],
        [*USUAL, *trade(10, "in", "A1", "A4"), new(60, "big", "A2", "BUY", 9, 1000), *trade(100, "out", "A3", "A1")],
    ),
    "off_market_price": (
        [*trade(0, "t", "A3", "A4"), new(1, "o", "A1", "BUY", 10.6, 100)],
        [*trade(0, "t", "A3", "A4"), new(1, "o", "A1", "BUY", 10.4, 100)],
    ),
    "fat_finger": ([*USUAL, new(5, "o", "A1", "BUY", 9, 10_000)], [*USUAL, new(5, "o", "A1", "BUY", 9, 9_000)]),
}  # fmt: skip


@pytest.mark.parametrize("rule_id", CASES)
def test_a_naive_rule_flags_what_its_sentence_says_and_no_near_miss(rule_id: str) -> None:
    hit, near_miss = CASES[rule_id]
    assert "A1" in flagged(rule_id, hit)
    assert "A1" not in flagged(rule_id, near_miss)


@pytest.mark.parametrize("rule_id", ["price_spike", "volume_surge", "volatility_burst", "wash_volume"])
def test_a_naive_rule_about_markets_flags_the_minute_that_stands_out(rule_id: str) -> None:
    rises = {"price_spike": 0.5, "volatility_burst": 0.5}.get(rule_id, 0.0)
    burst = [*BACKGROUND, *trades(10, "A1", "A2", 660, 4, rises, 1000)]
    assert [each.start_time_ns for each in BASELINES[rule_id].sightings(table(burst))] == [START + 660 * S]
    assert BASELINES[rule_id].sightings(table(BACKGROUND)) == []


@pytest.mark.parametrize("rule_id", ["spoofing_anonymous", "layering_anonymous"])
def test_a_naive_rule_for_orders_without_account_leaves_the_others_alone(rule_id: str) -> None:
    rows = [*brief("o", "A1", 5, 1000, 10), *many(4, "A1", 5, 10, 20)]
    unnamed = [row | {"account": None, "order_id": f"x{row['order_id']}"} for row in rows]
    rows += USUAL
    assert BASELINES[rule_id].sightings(table(rows)) == []
    said = BASELINES[rule_id].sightings(table([*rows, *unnamed]))
    assert said
    assert all(order_id.startswith("x") for each in said for order_id in each.order_ids)


def test_a_wide_minute_is_flagged() -> None:
    def quotes(minute: int, ask: float) -> Rows:
        return [
            new(minute * 60 + side, f"{minute}{side}", "A1", ("BUY", "SELL")[side], (9.0, ask)[side], 1)
            for side in (0, 1)
        ]

    rows = [row for minute in range(20) for row in quotes(minute, 9.1 + 0.5 * (minute == 12))]
    said = BASELINES["wide_spread"].sightings(table(rows))
    assert [each.start_time_ns for each in said] == [START + 720 * S]


def test_what_is_restricted_is_flagged() -> None:
    lists = Reference.of(restricted=[{"account": "A1", "instrument": ""}, {"account": "A2", "instrument": "J"}])
    rows = [new(second, f"o{account}", account, "BUY", 9, 1) for second, account in enumerate(("A1", "A2", "A3"))]
    assert flagged("restricted_list", rows, lists) == {"A1"}


def test_trades_before_an_announcement_are_flagged_where_they_are_not_the_owners_habit() -> None:
    news = Reference.of(announcements=[{"instrument": "I", "time_ns": str(START + 20_000 * S), "text": "profit"}])
    rows = [*trades(30, "A2", "A3", 0, 500), *trade(19_000, "x", "A1", "A4"), *trade(19_500, "y", "A2", "A3")]
    assert flagged("insider_dealing", rows, news) == {"A1", "A4"}


def test_a_fifth_of_the_float_is_flagged() -> None:
    held = Reference.of(
        instruments=[{"instrument": "I", "venue": "V", "float_quantity": "1000"}],
        positions=[{"account": "A1", "instrument": "I", "quantity": "150"}],
    )
    assert flagged("position_concentration", trade(1, "t", "A1", "A2", 10, 50), held) == {"A1"}
    assert flagged("position_concentration", trade(1, "t", "A1", "A2", 10, 49), held) == set()


def test_a_profile_is_exceeded_by_twelve_times_and_a_quarter_million() -> None:
    daily = Reference.of(accounts=[{"account": "A1", "baseline_notional_per_day": "160000"}])
    assert flagged("profile_deviation", trade(1, "t", "A1", "A2", 10, 25_000), daily) == {"A1"}
    assert flagged("profile_deviation", trade(1, "t", "A1", "A2", 10, 23_999), daily) == set()


@pytest.mark.parametrize("rule_id", ["cross_venue", "cross_product"])
def test_the_other_way_in_a_second_market_is_flagged(rule_id: str) -> None:
    other = {"venue": "W"} if rule_id == "cross_venue" else {"instrument": "J"}
    linked = Reference.of(instruments=[{"instrument": "J", "underlying": "I"}, {"instrument": "I", "underlying": ""}])
    bought = trade(1, "t", "A1", "A2")
    assert flagged(rule_id, [*bought, *(row | other for row in trade(60, "u", "A3", "A1"))], linked) == {"A1"}
    assert flagged(rule_id, [*bought, *(row | other for row in trade(62, "u", "A3", "A1"))], linked) == set()


def test_three_accounts_of_one_device_on_one_side_are_flagged() -> None:
    shared = Reference.of(accounts=[{"account": f"A{n}", "device": "d" if n < 4 else ""} for n in range(1, 5)])
    rows = [row for n in (1, 2, 3) for row in trade(n, f"t{n}", f"A{n}", "A4")]
    assert flagged("collusion", rows, shared) == {"A1", "A2", "A3"}
    assert flagged("collusion", rows[:4], shared) == set()


def test_flagged_events_are_one_claim_until_two_minutes_pass() -> None:
    rows = [*trade(0, "a", "A1", "A1"), *trade(120, "b", "A1", "A1"), *trade(240.5, "c", "A1", "A1")]
    said = BASELINES["wash_self"].sightings(table(rows))
    assert [each.trade_ids for each in said] == [frozenset("ab"), frozenset("c")]
    assert said[0].order_ids == {"a-B", "a-S", "b-B", "b-S"}
    assert said[0].owners == {"O1"}


def test_contra_accounts_are_found_by_the_trade_they_share() -> None:
    rows = [row | {"contra_account": None} for row in [*trade(1, "t", "A1", "A1b"), *trade(2, "u", "A1", "A2")]]
    assert {each.trade_ids for each in BASELINES["wash_owner"].sightings(table(rows))} == {frozenset("t")}


def test_no_events_are_nothing_said() -> None:
    nothing: EventTable = table_of([])
    assert all(said == [] for said in said_by_baselines(nothing).values())


def test_every_naive_rule_says_what_it_is() -> None:
    assert [rule_id for rule_id, each in BASELINES.items() if len(each.text) < 30] == []


def test_sums_of_the_recent_past_agree_with_counting() -> None:
    random = np.random.default_rng(5)
    group, time_ns = random.integers(0, 4, 200), random.integers(0, 60, 200) * S
    value = random.random(200)
    window = [(group == group[i]) & (time_ns <= time_ns[i]) & (time_ns > time_ns[i] - 10 * S) for i in range(200)]
    assert np.allclose(recent_sum(group, time_ns, value, 10), [value[inside].sum() for inside in window])
    assert recent_count(group, time_ns, 10).tolist() == [inside.sum() for inside in window]


def test_codes_tell_combinations_apart() -> None:
    one, other = np.array([5, 5, 7, 7, 5]), np.array([1, 2, 1, 1, 1])
    assert codes(one, other).tolist() == [0, 1, 2, 2, 0]
