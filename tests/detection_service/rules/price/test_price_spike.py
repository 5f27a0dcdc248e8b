"""Price spike: what is found, what is left alone, and what is known to be missed."""

from __future__ import annotations

import pytest

from detection_service.engine.engine import Engine
from tapewatch.alert import Severity
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import SCHEMES, SPIKE_S, quiet_hours, spike
from tests.detection_service.scenario import Market, final, found, revisions

RULE = "price_spike"


def spiked(**how: float) -> Market:
    return spike(quiet_hours(Market(), 60), SPIKE_S, **how)  # type: ignore[arg-type]  # numbers by name


def test_a_leap_far_beyond_the_usual_minute_is_one_alert_about_the_market() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    assert (alert.owners, alert.instrument, alert.severity) == ((), "ACME", Severity.MEDIUM)


def test_the_explanation_carries_the_numbers_and_what_is_usual() -> None:
    (alert,) = found(SCHEMES[RULE].play(), RULE)
    for number in ("+2.99%", "from 100.01 to 103", "within a minute", "59.8 times the usual 0.05%"):
        assert number in alert.explanation


def test_a_fall_is_a_spike_too() -> None:
    (alert,) = found(spiked(move=-0.03), RULE)
    assert "moved -3.01% from 100.01 to 97" in alert.explanation


def test_revisions_rise_and_the_last_closes_the_episode() -> None:
    made = revisions(SCHEMES[RULE].play().rows)
    assert [alert.revision for alert in made] == list(range(1, len(made) + 1))
    assert [alert.closed for alert in made] == [False] * (len(made) - 1) + [True]
    assert made[-1].severity >= made[0].severity


@pytest.mark.parametrize("near", [{"move": 0.0095}, {"trades": 2}], ids=["0.95 %", "four trades in the minute"])
def test_just_short_of_a_threshold_nothing_is_found(near: dict[str, float]) -> None:
    assert found(spiked(**near), RULE) == []


@pytest.mark.parametrize("just", [{"move": 0.0105}, {"trades": 3}], ids=["1.05 %", "five trades"])
def test_just_beyond_a_threshold_it_is_found(just: dict[str, float]) -> None:
    assert len(found(spiked(**just), RULE)) == 1


def test_a_leap_usual_for_the_instrument_is_not_found() -> None:
    market = Market()
    for minute in range(60):
        market.at(minute * 60).trade(100 + 2 * (minute % 2), 100, "BUY")
    assert found(spike(market, SPIKE_S, move=0.04), RULE) == []


def test_two_episodes_when_the_gap_passes() -> None:
    market = spiked()
    for number in range(90):
        market.at(SPIKE_S + 60 + number * 20).trade(103.0, 50, "BUY")
    for number in range(1, 9):
        market.at(SPIKE_S + 1_900 + number * 5).trade(103.0 + number, 50, "BUY")
    assert len(found(market, RULE)) == 2


def test_prints_told_late_are_counted_and_not_evaluated() -> None:
    market = quiet_hours(Market(), 60).tick(SPIKE_S + 500)
    engine = Engine()
    assert final(engine.process(Frame.from_rows(spike(market, SPIKE_S).rows))) == []
    assert engine.status()["sources"]["feed"]["late"] == 8


def test_in_the_first_half_hour_proportionately_more_is_asked() -> None:
    (alert,) = found(spike(quiet_hours(Market(), 20), 1_200), RULE)
    (deviations,) = (each for each in alert.measurements if each.name == "deviations")
    assert deviations.threshold == pytest.approx(15 * 30 / 19, rel=0.1)


def test_known_gap_the_first_minutes_are_not_judged() -> None:
    assert found(spike(quiet_hours(Market(), 5), 300), RULE) == []


def test_known_gap_a_move_slower_than_a_minute_is_not_found() -> None:
    market = quiet_hours(Market(), 60)
    for number in range(60):
        market.at(SPIKE_S + number * 20).trade(100 * (1 + 0.05 * number / 60), 50, "BUY")
    assert found(market, RULE) == []
