"""The commands of the desk, against fakes over real channels."""

import json

import pytest

from surveillance.v1 import alert_pb2
from tapewatch.cli.main import main
from tests.tapewatch.cli import fakes
from tests.tapewatch.cli.fakes import ALERT, CASE, DeskFake


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_alerts_are_listed_with_words_and_times(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "alerts", "list", "--target", target)
    assert "2026-03-02 09:00:00.123456Z" in shown
    assert all(text in shown for text in ("HIGH", "0.75", "spoofing", "NRDL", "O1", ALERT.alert_id))


def test_json_has_whole_numbers_words_and_every_key(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    (alert,) = json.loads(printed(capsys, "alerts", "list", "--target", target, "--json"))
    assert (alert["severity"], alert["start_time_ns"]) == ("HIGH", ALERT.start_time_ns)
    assert (alert["order_ids"], alert["anomaly"], alert["closed"]) == ([], None, True)
    assert set(alert) == {field.name for field in ALERT.DESCRIPTOR.fields}


def test_terminal_escapes_in_texts_are_shown_not_obeyed(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "alerts", "show", ALERT.alert_id, "--target", target)
    assert "\x1b" not in shown
    assert "\\x1b[31mordinary is 100." in shown


def test_what_makes_an_alert_unusual_to_the_model_is_shown(
    target: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [
        alert_pb2.Contribution(feature="self_share", value=0.5, contribution=0.25),
        alert_pb2.Contribution(feature="of_another_version", value=7.5, contribution=0.125),
    ]
    ranked = alert_pb2.Alert(anomaly=alert_pb2.Anomaly(score=0.99, model_id="m", contributions=parts))
    ranked.MergeFrom(ALERT)
    monkeypatch.setattr(fakes, "ALERT", ranked)
    shown = printed(capsys, "alerts", "show", ALERT.alert_id, "--target", target)
    assert "unusual to the model" in shown
    ends = [line.split()[-3:] for line in shown.splitlines()]
    assert ["minutes", "50%", "25%"] in ends
    assert ["of_another_version", "7.5", "12%"] in ends


def test_a_refused_filter_is_explained(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "list", "--filter", "nonsense", "--target", target]) == 1
    assert capsys.readouterr().err == "tapewatch: filter: expected a condition, found it\n"


def test_filter_and_limit_reach_the_service(target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "alerts", "list", "--filter", "severity >= HIGH", "--limit", "5", "--target", target)
    assert (desk.asked[0].filter, desk.asked[0].page_size) == ("severity >= HIGH", 5)


def test_a_case_is_shown_with_its_explanations(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "cases", "show", "7", "--target", target)
    assert "7 (cdcdcdcdcdcd): Spoofing in NRDL" in shown
    assert "Withdrew 9,000 within 2 s" in shown


def test_a_verb_carries_the_etag_that_was_read(target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(
        capsys,
        *("cases", "close", "7", "--disposition", "no-action", "--reason", "test order"),
        *("--actor", "anna", "--target", target),
    )
    request = desk.asked[0]
    assert (request.case_id, request.etag, request.actor) == (CASE.case_id, "e1", "anna")
    assert "CLOSED: NO_ACTION, test order" in shown


def test_an_unknown_disposition_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "close", "7", "--disposition", "gone", "--reason", "x"]) == 2
    expected = "--disposition: expected one of FALSE_POSITIVE, NO_ACTION, WARNED, REPORTED, found 'gone'"
    assert expected in capsys.readouterr().err


def test_a_verb_the_state_does_not_allow_is_answered_in_commands(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cases", "review", "1", "--target", target]) == 1
    assert "review: expected a case in ASSIGNED, found OPEN; possible now: assign, comment" in capsys.readouterr().err


def test_a_watch_prints_one_json_document_a_line(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "cases", "watch", "--all", "--limit", "3", "--json", "--target", target)
    assert [json.loads(line)["number"] for line in shown.splitlines()] == [1, 2, 3]


def test_the_ledger_shows_both_equations(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "sources", "--ingest", target, "--detection", target)
    assert "received = journalled + rejected + duplicate: 10 = 7 + 2 + 1 holds" in shown
    assert "journalled = evaluated + late + poisoned + pending: 7 = 7 + 0 + 0 + 0 holds" in shown


def test_a_ledger_that_does_not_balance_is_exit_code_1(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.pending = 1
    assert main(["sources", "--ingest", target, "--detection", target, "--json"]) == 1
    shown = capsys.readouterr()
    assert "the ledger does not balance for venue" in shown.err
    assert json.loads(shown.out)["sources"][0]["detection_balances"] is False


def test_events_on_their_way_to_detection_are_pending_and_no_failure(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.pending = desk.behind = 2
    shown = printed(capsys, "sources", "--ingest", target, "--detection", target)
    assert "journalled = evaluated + late + poisoned + pending: 7 = 5 + 0 + 0 + 2 holds" in shown


def test_a_corrected_row_replaces_a_quarantined_one(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    row = '{"kind": "NEW", "side": "BUY", "quantity": 5, "venue": "XTWS", "text": null}'
    assert printed(capsys, "sources", "quarantine", "replay", "3", "--row", row, "--target", target) == "journalled\n"
    sent = desk.asked[0]
    assert (sent.quarantine_id, sent.event.quantity, sent.event.venue) == ("3", 5.0, "XTWS")


@pytest.mark.parametrize("row", ["[1]", "{", '{"prise": 3}'])
def test_a_row_that_is_none_is_wrong_usage(row: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sources", "quarantine", "replay", "3", "--row", row]) == 2
    assert "--row: expected" in capsys.readouterr().err


def test_quarantined_rows_are_listed(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "sources", "quarantine", "list", "--target", target)
    assert all(text in shown for text in ("venue", "quantity", "NEGATIVE"))


def test_a_rule_is_shown_with_parameters_and_gaps(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "rules", "show", "spoofing", "--target", target)
    assert all(text in shown for text in ("window_s", "0.1 to 60", "icebergs"))


def test_an_intact_audit_trail_is_said_to_be_so(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, "audit", "verify", "--target", target)
    assert said == "12 audit records, all as they were written; unsigned\n"


def test_a_tampered_audit_trail_names_the_first_bad_record(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.intact = False
    assert main(["audit", "verify", "--target", target]) == 1
    assert "audit record 5 is not as it was written: the hash differs" in capsys.readouterr().err


def test_changes_name_the_audit_record_that_has_them(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, recorded, refused = printed(capsys, "rules", "changes", "--target", target).strip().splitlines()
    assert recorded.split()[-2:] == ["record", "4"]
    assert "not yet recorded; refused: it is none" in refused


def test_audit_records_of_changes_say_what_changed(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, "audit", "list", "--subject", "detection", "--target", target)
    assert "ChangeConfiguration" in shown
    assert "spoofing: size_multiple_min 7" in shown
    assert desk.asked[0].subject == "detection"


def test_an_alert_is_shown_by_the_beginning_of_its_id(
    target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ALERT.alert_id in printed(capsys, "alerts", "show", "ABABABAB", "--target", target)
    assert desk.asked[0].filter == f'alert_id >= "abababab" AND alert_id <= "abababab{"f" * 56}"'


def test_a_beginning_of_several_ids_names_them(target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]) -> None:
    other = alert_pb2.Alert(alert_id="abababab" + "c" * 56, rule_id="layering")
    desk.alerts = [ALERT, other]
    assert main(["alerts", "show", "abababab", "--target", target]) == 2
    said = capsys.readouterr().err
    assert all(text in said for text in (ALERT.alert_id, f"{other.alert_id} (layering)", "found abababab of several"))


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("abababa", 2, "expected the id of an alert, 64 hexadecimal digits, or at least the first 8 of them"),
        ("spoofing-alert", 2, "expected the id of an alert"),
        ("00000000", 1, "expected an alert whose id begins with 00000000, found none"),
    ],
)
def test_what_is_no_beginning_of_an_id_is_said(
    name: str, code: int, message: str, target: str, desk: DeskFake, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.alerts = []
    assert main(["alerts", "show", name, "--target", target]) == code
    assert message in capsys.readouterr().err
