import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.v1 import alert_pb2
from tapewatch import alert as alerts
from tapewatch.alert import Alert, AlertError, Anomaly, Contribution, Measurement, Severity

DESIGN_KEYS = """alert_id revision rule_id rule_version typology severity score venue instrument accounts owners
start_time_ns end_time_ns order_ids trade_ids measurements explanation evidence_event_ids anomaly config_digest"""

WHOLE = Alert(
    alert_id="ab" * 32,
    revision=3,
    rule_id="spoofing",
    rule_version="1.2.0",
    typology="SPOOFING",
    severity=Severity.HIGH,
    score=0.75,
    venue="XTST",
    instrument="ACME",
    start_time_ns=1_000,
    end_time_ns=2_000,
    explanation="Cancelled 90 % of 12,000 shown within 2 s of a fill opposite; usual is 30 %.",
    accounts=("A1", "A2"),
    owners=("O1",),
    order_ids=("1", "2"),
    trade_ids=("T1",),
    measurements=(Measurement("cancelled_share", 0.9, 0.3, "1"), Measurement("life", 1.5, 5.0, "s")),
    evidence_event_ids=("e1", "e2"),
    anomaly=Anomaly(0.6, "m1", (Contribution("cancel_rate", 4.0, -0.5), Contribution("size", 2.0, 0.25))),
    config_digest="cd" * 32,
)

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
sorted_texts = st.sets(text, max_size=4).map(lambda found: tuple(sorted(found)))
times_ns = st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1)).map(sorted)


@st.composite
def any_alert(draw: st.DrawFn) -> Alert:
    start_time_ns, end_time_ns = draw(times_ns)
    measurements = draw(st.lists(st.builds(Measurement, text, numbers, numbers, text), max_size=3))
    contributions = st.lists(st.builds(Contribution, text, numbers, st.floats(-1, 1)), max_size=3).map(tuple)
    return alerts.canonical(
        dataclasses.replace(
            WHOLE,
            severity=draw(st.sampled_from(Severity)),
            score=draw(shares),
            venue=draw(text | st.just("")),
            start_time_ns=start_time_ns,
            end_time_ns=end_time_ns,
            measurements=tuple(measurements),
            anomaly=draw(st.none() | st.builds(Anomaly, shares, text | st.just(""), contributions)),
            accounts=draw(sorted_texts),
            owners=draw(sorted_texts),
            order_ids=draw(sorted_texts),
            trade_ids=draw(sorted_texts),
            evidence_event_ids=draw(sorted_texts),
        )
    )


@given(any_alert())
def test_an_alert_survives_json(alert: Alert) -> None:
    assert alerts.from_json(json.loads(json.dumps(alerts.to_json(alert)))) == alert


@given(any_alert(), st.booleans())
def test_an_alert_survives_protobuf(alert: Alert, closed: bool) -> None:
    whole = dataclasses.replace(alert, closed=closed)
    sent = alerts.to_message(whole).SerializeToString()
    assert alerts.from_message(alert_pb2.Alert.FromString(sent)) == whole


def test_the_json_keys_are_the_published_ones_in_their_order() -> None:
    assert list(alerts.to_json(WHOLE)) == DESIGN_KEYS.split()


def test_absent_lists_are_empty_and_absent_scalars_null() -> None:
    bare = dataclasses.replace(WHOLE, accounts=(), venue="", config_digest="", measurements=(), anomaly=None)
    found = alerts.to_json(bare)
    assert (found["accounts"], found["measurements"]) == ([], [])
    assert (found["venue"], found["config_digest"], found["anomaly"]) == (None, None, None)


def test_lists_come_out_sorted_and_without_repeats_in_both_forms() -> None:
    shuffled = dataclasses.replace(WHOLE, accounts=("B", "A", "B"), measurements=WHOLE.measurements[::-1])
    assert alerts.to_json(shuffled)["accounts"] == ["A", "B"]
    assert list(alerts.to_message(shuffled).accounts) == ["A", "B"]
    assert alerts.canonical(shuffled).measurements == WHOLE.measurements


def test_the_id_depends_on_every_part_and_not_on_the_order() -> None:
    parts = [("r", "1", ["a", "b"], ["x", "y"]), ("r", "2", ["a", "b"], ["x", "y"]), ("r", "1", ["ab"], ["x", "y"])]
    found = [alerts.make_alert_id(*part) for part in [*parts, ("r", "1", ["b", "a"], ["y", "x", "x"])]]
    assert len(set(found[:3])) == 3
    assert found[3] == found[0]
    assert found[0] == "233688d356d6043584f0e3189233f2889b96560342d6cc80bb4b641c20ee3ed9"


def test_the_subject_is_the_owners_and_without_owners_the_instrument() -> None:
    assert alerts.subject_of(dataclasses.replace(WHOLE, owners=("Z", "A"))) == ("A", "Z")
    assert alerts.subject_of(dataclasses.replace(WHOLE, owners=())) == ("XTST", "ACME")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alert_id", "AB" * 32),
        ("revision", 0),
        ("revision", 2**31),
        ("rule_id", ""),
        ("explanation", "x" * 4_001),
        ("score", float("nan")),
        ("score", 1.01),
        ("start_time_ns", -1),
        ("end_time_ns", 999),
        ("venue", "\ud800"),
        ("typology", "A\0B"),
    ],
)
def test_a_field_outside_the_contract_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(AlertError, match=rf"alert\.{field}: expected .*, found ") as caught:
        alerts.check(dataclasses.replace(WHOLE, **{field: value}))  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.field == field


def test_a_list_entry_is_refused_by_its_position() -> None:
    with pytest.raises(AlertError, match=r"accounts\[1\]: expected 1 to 200 characters, found ''"):
        alerts.check(dataclasses.replace(WHOLE, accounts=("A", "")))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"colour": 1}, r"alert\.colour: expected one of alert_id, "),
        ({"severity": "GRAVE"}, r"alert\.severity: expected LOW, MEDIUM, HIGH, CRITICAL, found 'GRAVE'"),
        ({"revision": True}, r"alert\.revision: expected a whole number, found True"),
        ({"score": "high"}, r"alert\.score: expected a number, found 'high'"),
        ({"owners": "O1"}, r"alert\.owners: expected a list of texts"),
        ({"measurements": [{"name": "x"}]}, r"alert\.measurements: expected an object with the keys name, "),
        ({"anomaly": {"contributions": 1, "score": 0, "model_id": None}}, r"expected a list of objects"),
    ],
)
def test_json_of_the_wrong_shape_is_refused_by_name(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(AlertError, match=complaint):
        alerts.from_json({**alerts.to_json(WHOLE), **changes})


def test_json_without_a_key_is_refused() -> None:
    values = alerts.to_json(WHOLE)
    del values["score"]
    with pytest.raises(AlertError, match=r"alert\.score: expected a value \(null where absent\), found 'no such key'"):
        alerts.from_json(values)


def test_a_message_without_severity_is_refused() -> None:
    with pytest.raises(AlertError, match="severity: expected SEVERITY_LOW"):
        alerts.from_message(alert_pb2.Alert(alert_id="ab" * 32))
