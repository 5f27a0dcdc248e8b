"""Pressure is held for a second before rules are asked about it."""

from __future__ import annotations

from detection_service.engine.engine import Engine
from detection_service.engine.held import HOLD_NS, HeldPresses, Press
from tapewatch.market.frame import Frame
from tests.detection_service.rules.schemes import spoof
from tests.detection_service.scenario import Market


def press(due_ns: int, acting: int = 1, venue: str = "XTST", side: int = 1) -> Press:
    return Press(due_ns, venue, 0, acting, side, 1, 7, 8)


def test_what_is_held_comes_out_once_when_its_time_is_over_the_earliest_first() -> None:
    held = HeldPresses()
    for each in (press(30, acting=1), press(10, acting=2), press(20, acting=3, venue="XOTH")):
        held.hold(each)
    assert held.deadline("XTST") == 10
    assert list(held.due("XTST", 10)) == []
    assert list(held.due("XTST", 31)) == [press(10, acting=2), press(30, acting=1)]
    assert list(held.due("XTST", 99)) == []
    assert list(held.due(None, 99)) == [press(20, acting=3, venue="XOTH")]
    assert held.deadline("XOTH") is None


def test_further_pressure_of_a_group_and_side_waits_with_the_first() -> None:
    held = HeldPresses()
    for each in (press(10), press(11), press(12, side=2)):
        held.hold(each)
    assert list(held.due(None, 99)) == [press(10), press(12, side=2)]


def test_held_pressure_survives_a_snapshot() -> None:
    held, again = HeldPresses(), HeldPresses()
    held.hold(press(10))
    again.restore(held.state())
    assert list(again.due(None, 99)) == [press(10)]


def test_rules_are_asked_a_second_after_the_withdrawal_and_not_before() -> None:
    engine = Engine()
    market = spoof(Market().crowd(), 10)  # the order goes at 12 s
    assert engine.process(Frame.from_rows(market.rows)) == []
    sent = len(market.rows)
    assert engine.process(Frame.from_rows(market.tick(12 + HOLD_NS / 1e9).rows[sent:])) == []
    sent = len(market.rows)
    (alert,) = engine.process(Frame.from_rows(market.tick(12.001 + HOLD_NS / 1e9).rows[sent:]))
    assert alert.rule_id == "spoofing"


def test_pressure_still_held_is_judged_at_the_end() -> None:
    engine = Engine()
    assert engine.process(Frame.from_rows(spoof(Market().crowd(), 10).rows)) == []
    assert [alert.rule_id for alert in engine.finish()] == ["spoofing", "spoofing"]
