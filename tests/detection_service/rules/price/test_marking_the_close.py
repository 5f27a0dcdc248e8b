"""Marking the close: when the alert comes, and what the next hours make of it."""

from __future__ import annotations

from detection_service.engine.configuration import EngineConfiguration
from tapewatch.alert import Alert, Severity
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import START_NS, Market, final, revisions

RULE = "marking_the_close"
CLOSE_S = 3_600
SESSIONS = {"instrument": "ACME", "session_open": "08:00", "session_close": "23:10", "timezone": "UTC"}
NEXT_OPEN_S = CLOSE_S + 8 * 3_600 + 50 * 60
ALONE = EngineConfiguration({RULE: {}}, Reference.of((), (SESSIONS,)))


def trading(market: Market, seconds: int = CLOSE_S) -> Market:
    """A match of 100 every 20 s around 100.00 among five accounts."""
    for number in range(seconds // 20):
        price = 100 + (0.0, 0.03, -0.02, 0.01)[number % 4]
        market.at(number * 20).deal(f"buyer-{number % 5}", f"seller-{number % 5}", price, 100)
    return market


def marked(last_s: float = CLOSE_S - 8) -> Market:
    """Five purchases, eight seconds apart, that take the price up by half a per cent."""
    market = trading(Market())
    for number in range(5):
        market.at(last_s - 8 * (4 - number)).deal("marker", f"holder-{number}", 100.11 + number / 10, 400)
    return market


def found(market: Market) -> list[Alert]:
    rows = sorted(market.rows, key=lambda row: int(str(row["event_time_ns"])))
    return [alert for alert in revisions(rows, ALONE) if alert.rule_id == RULE]


def test_the_alert_comes_at_the_first_event_after_the_close() -> None:
    first = found(marked().tick(CLOSE_S + 1))[0]
    assert (first.owners, first.severity) == (("marker",), Severity.HIGH)
    assert first.end_time_ns == START_NS + (CLOSE_S + 1) * 1_000_000_000


def test_a_market_that_shows_nothing_after_its_close_is_judged_half_a_minute_before() -> None:
    early = marked(CLOSE_S - 32)
    early.at(CLOSE_S - 29).deal("buyer-1", "seller-1", 100.51, 100)
    (alert,) = final(found(early))
    assert alert.owners == ("marker",)


def test_a_price_that_stays_is_not_upgraded() -> None:
    market = marked()
    for second in (70, 310, 1_810):
        market.at(CLOSE_S + second).deal("buyer-1", "seller-1", 100.5, 100)
    (alert,) = final(found(market))
    assert alert.severity is Severity.HIGH


def test_a_price_that_is_back_at_the_next_open_upgrades_the_alert() -> None:
    market = marked().tick(CLOSE_S + 1)
    market.at(NEXT_OPEN_S + 5).deal("buyer-1", "seller-1", 100.0, 100)
    made = found(market.tick(NEXT_OPEN_S + 65))
    assert len({alert.alert_id for alert in made}) == 1
    assert made[-1].severity is Severity.CRITICAL
    assert "lost again" in made[-1].explanation


def test_the_same_trades_in_the_middle_of_the_day_are_not_found() -> None:
    assert found(marked(1_800).tick(CLOSE_S + 1)) == []


def test_another_day_is_another_alert() -> None:
    day_s = 86_400
    market, again = marked().tick(CLOSE_S + 1), marked().tick(CLOSE_S + 1)
    for row in again.rows:
        row["event_time_ns"] = int(str(row["event_time_ns"])) + day_s * 1_000_000_000
        row["source_sequence"] = int(str(row["source_sequence"])) + 10**6
        for name in ("order_id", "trade_id"):
            if name in row:
                row[name] = f"again-{row[name]}"
    market.rows.extend(again.rows)
    assert len(final(found(market))) == 2
