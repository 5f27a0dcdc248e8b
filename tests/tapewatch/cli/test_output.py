import pytest

from surveillance.v1 import alert_pb2, detection_pb2, ingest_pb2
from tapewatch.cli.output import harmless, plain, print_table, progress_bar, time_text


def test_times_are_utc_to_the_microsecond() -> None:
    assert time_text(1_772_442_000_123_456_789) == "2026-03-02 09:00:00.123456Z"
    assert time_text(0) == "-"


def test_maps_and_messages_within_messages_become_plain_values() -> None:
    source = ingest_pb2.Source(source="s", received=2**60, rejected_by_reason={"B": 2, "A": 1})
    assert plain(source)["received"] == 2**60
    assert plain(source)["rejected_by_reason"] == {"A": 1, "B": 2}
    status = detection_pb2.DetectionStatus(sources=[detection_pb2.SourceEvaluation(source="s", late=3)])
    assert plain(status)["sources"][0]["late"] == 3
    anomaly = alert_pb2.Anomaly(score=0.5, contributions=[alert_pb2.Contribution(feature="f")])
    assert plain(alert_pb2.Alert(anomaly=anomaly))["anomaly"]["contributions"][0]["feature"] == "f"


def test_an_enum_value_of_a_newer_service_is_shown_as_its_number() -> None:
    newer = alert_pb2.Alert.FromString(b"\x30\x63")  # field 6, severity, value 99
    assert plain(newer)["severity"] == "99"


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "a\rb", "\x9b31m"])
def test_control_characters_are_shown_as_escapes(text: str) -> None:
    assert harmless(text).isprintable()


def test_markup_of_strangers_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("[bold]x[/bold]",)])
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_no_progress_bar_is_shown_when_piped(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("working", 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")
