"""Pump and dump: what is found, what is left alone, and what is known to be missed."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import PUMP_S, SCHEMES, dump, pump, quiet_hours
from tests.detection_service.scenario import START_NS, Market, final, found, revisions

RULE = "pump_and_dump"


def pumped(**how: float | str) -> Market:
    return pump(quiet_hours(Market(), 120), PUMP_S, **how)  # type: ignore[arg-type]  # numbers and a side by name


def test_a_steep_rise_on_rushing_buyers_is_one_alert_about_the_market() -> None:
    (alert,) = found(pumped(), RULE)
    assert (alert.owners, alert.accounts) == ((), ())
    assert (alert.venue, alert.instrument, alert.severity) == ("XTST", "ACME", Severity.MEDIUM)
    assert START_NS + PUMP_S * 1_000_000_000 < alert.start_time_ns < alert.end_time_ns


def test_the_alert_comes_while_the_price_rises_with_the_numbers() -> None:
    first = next(alert for alert in revisions(pumped().rows) if alert.rule_id == RULE)
    for number in (
        "rose 5.1%",
        "from 99.98 to 105.04",
        "within five minutes",
        "101.2 times",
        "8.9 times",
        "97%",
        "13 orders",
    ):
        assert number in first.explanation


def test_the_sell_off_upgrades_the_alert_and_says_so() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    assert alert.severity is Severity.HIGH
    assert "rose 8.0% from 99.98 to 108 and then lost 52% of the rise" in alert.explanation


def test_a_great_rise_that_is_lost_again_is_critical() -> None:
    market = dump(pumped(rise=0.2), PUMP_S + 200, top=120, bottom=104)
    (alert,) = found(market, RULE)
    assert alert.severity is Severity.CRITICAL


def test_revisions_rise_and_the_last_closes_the_episode() -> None:
    made = [alert for alert in revisions(SCHEMES[RULE].play().rows) if alert.rule_id == RULE]
    assert [alert.revision for alert in made] == list(range(1, len(made) + 1))
    assert [alert.closed for alert in made] == [False] * (len(made) - 1) + [True]
    assert len({alert.alert_id for alert in made}) == 1


@pytest.mark.parametrize(
    "near",
    [{"rise": 0.048}, {"volume": 30}, {"side": "SELL"}],
    ids=["a rise of 4.8 %", "hardly more volume", "sellers took the initiative"],
)
def test_just_short_of_a_threshold_nothing_is_found(near: dict[str, float | str]) -> None:
    assert found(pumped(**near), RULE) == []


def test_a_rise_usual_for_the_instrument_is_not_found() -> None:
    market = Market()
    for hour in range(4):
        for number in range(40):
            swing = 3 - abs(number % 6 - 3)
            market.at(hour * 1_800 + number * 45).trade(100 + swing, 400, "BUY")
    assert found(pump(market, PUMP_S, rise=0.055), RULE) == []


def test_an_instrument_without_history_needs_a_greater_rise() -> None:
    young = quiet_hours(Market(), 15)
    assert found(pump(quiet_hours(Market(), 15), 900, rise=0.08), RULE) == []
    assert len(found(pump(young, 900, rise=0.15), RULE)) == 1


def test_two_episodes_when_the_gap_passes() -> None:
    day_s = 18 * 3_600
    market = dump(pump(quiet_hours(Market(), day_s // 60), day_s), day_s + 200, bottom=100)
    for number in range(600):
        market.at(day_s + 310 + number * 10).trade(100.0, 20, ("BUY", "SELL")[number % 2])
    again = pump(market, day_s + 6_400, volume=400, rise=0.25)
    assert len(found(again, RULE)) == 2


def test_prints_told_late_are_counted_and_not_evaluated() -> None:
    market = quiet_hours(Market(), 120).tick(PUMP_S + 1_000)
    engine = Engine()
    assert final(engine.process(Frame.from_rows(pump(market, PUMP_S).rows))) == []
    assert engine.status()["sources"]["feed"]["late"] == 100


def test_known_gap_a_rise_over_hours_is_not_found() -> None:
    market = quiet_hours(Market(), 120)
    for number in range(240):
        market.at(PUMP_S + number * 60).trade(100 * (1 + 0.3 * number / 240), 500, "BUY")
    assert found(market, RULE) == []


def test_known_gap_a_pump_in_the_first_five_minutes_is_not_found() -> None:
    assert found(pump(Market(), 0, rise=0.5), RULE) == []
