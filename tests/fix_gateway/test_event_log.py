import pytest
from prometheus_client import CollectorRegistry

from fix_gateway.event_log import LOGGED_EACH_MAX, LOGGED_EVERY, EventLog
from fix_gateway.figures import FigureBook
from fix_gateway.metrics import GatewayMetrics
from fix_gateway.refusal import refusal
from tapewatch.fix.session import SessionEvent

SOURCE = "FIX.4.4:VENUE->US"


class Watched:
    """An event log with its registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.book = FigureBook()
        self.log = EventLog(GatewayMetrics(self.registry), self.book, lambda: 7)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"tapewatch_fix_{name}_total", labels)


def test_a_flood_of_session_events_is_counted_but_not_all_logged(capsys: pytest.CaptureFixture[str]) -> None:
    watched = Watched()
    for _ in range(LOGGED_EVERY):
        watched.log(SOURCE, SessionEvent("garbled", "nonsense"))
    assert watched.value("session_events", source=SOURCE, kind="garbled") == LOGGED_EVERY
    assert watched.book.of(SOURCE).events == {"garbled": LOGGED_EVERY}
    assert capsys.readouterr().out.count("nonsense") == LOGGED_EACH_MAX + 1


def test_a_flood_of_refusals_for_one_reason_does_not_hide_those_for_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watched = Watched()
    for _ in range(LOGGED_EVERY - 1):
        watched.log("?", refusal("logon_rate", "h", "too many"))
    watched.log("?", refusal("certificate", "h", "another's"))
    assert watched.value("refusals", reason="logon_rate") == LOGGED_EVERY - 1
    assert watched.value("refusals", reason="certificate") == 1
    assert "connection from h: another's" in capsys.readouterr().out


def test_a_password_in_an_event_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    Watched().log(SOURCE, SessionEvent("garbled", "ignored 9=1|35=A|553=u|554=s3cret|10=000|"))
    shown = capsys.readouterr().out
    assert "553=u" in shown
    assert "s3cret" not in shown


def test_throttling_is_counted() -> None:
    watched = Watched()
    watched.log(SOURCE, SessionEvent("flag", "throttled: sends too fast, not read for 0.100 s"))
    assert watched.value("throttled", source=SOURCE) == 1
