from detection_service.engine.engine import Engine
from tapewatch.cli.watched_engine import WatchedEngine
from tapewatch.market.frame import Frame
from tests.simulator.scorecard.cases import START, S, event, trade

ROWS = [row for number in range(6) for row in trade(number * 5, f"t{number}", "A1", "A1")]
FRAME = Frame.from_rows([*ROWS, event(900, "NEW", account="A2", order_id="o", side="BUY", price=1.0, quantity=1.0)])


def test_being_watched_changes_no_alert_and_every_frame_is_shown() -> None:
    seen: list[Frame] = []
    plain, watched = Engine(), WatchedEngine(watch=seen.append)
    assert watched.process(FRAME) == plain.process(FRAME) != []
    assert watched.finish() == plain.finish()
    assert seen == [FRAME]


def test_an_alert_is_first_told_while_the_conduct_goes_on() -> None:
    engine = WatchedEngine()
    alerts = [*engine.process(FRAME.encode()), *engine.finish()]
    final = {alert.alert_id: alert for alert in alerts}
    (alert,) = [each for each in final.values() if each.rule_id == "wash_self"]
    assert alert.revision > 1
    assert START <= engine.raised_ns[alert.alert_id] < alert.end_time_ns == START + 25 * S
