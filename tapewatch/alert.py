"""The alert: one episode of suspicious behaviour found by one rule, and its JSON and protobuf forms.

Both forms are canonical: lists sorted without repeats, an absent list `[]`, an absent scalar `null`, so equal alerts
have equal bytes. JSON carries the keys of the published contract; it has no `closed` and no `withdrawn_reason`, because
files hold final revisions of alerts that stand. A withdrawn alert's explanation says so too.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from surveillance.v1 import alert_pb2

ID_CHARACTERS = 64
NAME_CHARACTERS_MAX = 200
EXPLANATION_CHARACTERS_MAX = 4_000
LIST_ENTRIES_MAX = 10_000
MEASUREMENTS_MAX = 100
REVISION_MAX = 2**31 - 1
TIME_NS_MAX = 2**63 - 1
FOUND_CHARACTERS_MAX = 80
_HEXADECIMAL = frozenset("0123456789abcdef")


class AlertError(ValueError):
    """An alert breaks the contract; `field` names where, the text what was expected and found."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        shown = repr(found)
        if len(shown) > FOUND_CHARACTERS_MAX:
            shown = shown[: FOUND_CHARACTERS_MAX - 3] + "..."
        super().__init__(f"alert.{field}: expected {expected}, found {shown}")
        self.field = field


class Severity(IntEnum):
    """How grave a finding is; the numbers are those of the contract."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number a rule compared with its limit, both in `unit`."""

    name: str
    observed: float
    threshold: float
    unit: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much one feature added to the anomaly score: its value, and its share of the score, -1 to 1."""

    feature: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What the model thinks of the subject's window: 0 (ordinary) to 1; contributions with the largest first."""

    score: float
    model_id: str
    contributions: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One revision of an episode; times in nanoseconds since the Unix epoch, UTC; score 0 to 1."""

    alert_id: str
    revision: int
    rule_id: str
    rule_version: str
    typology: str
    severity: Severity
    score: float
    venue: str
    instrument: str
    start_time_ns: int
    end_time_ns: int
    explanation: str
    accounts: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    trade_ids: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    evidence_event_ids: tuple[str, ...] = ()
    anomaly: Anomaly | None = None
    config_digest: str = ""
    closed: bool = True
    withdrawn_reason: str = ""


REQUIRED_TEXTS = ("rule_id", "rule_version", "typology")
OPTIONAL_TEXTS = ("venue", "instrument", "config_digest")
TEXT_LISTS = ("accounts", "owners", "order_ids", "trade_ids", "evidence_event_ids")
JSON_KEYS = (
    *("alert_id", "revision", "rule_id", "rule_version", "typology", "severity", "score", "venue", "instrument"),
    *("accounts", "owners", "start_time_ns", "end_time_ns", "order_ids", "trade_ids", "measurements"),
    *("explanation", "evidence_event_ids", "anomaly", "config_digest"),
)


def make_alert_id(rule_id: str, rule_version: str, subject: Iterable[str], opening_event_ids: Iterable[str]) -> str:
    """The id of an episode: SHA-256 (64 hexadecimal digits) of rule, version, subject and opening events, as sets."""
    identity = [rule_id, rule_version, sorted(set(subject)), sorted(set(opening_event_ids))]
    return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()


def subject_of(alert: Alert) -> tuple[str, ...]:
    """Whom or what an alert is about: its owners, sorted; without owners its venue and instrument."""
    return tuple(sorted(set(alert.owners))) or (alert.venue, alert.instrument)


def canonical(alert: Alert) -> Alert:
    """The same alert with every list sorted and without repeats; AlertError if it breaks the contract."""
    check(alert)
    whole = {name: tuple(sorted(set(texts))) for name in TEXT_LISTS if (texts := getattr(alert, name))}
    whole["measurements"] = tuple(sorted(alert.measurements, key=lambda each: (each.name, each.unit)))
    changes: dict[str, Any] = {name: value for name, value in whole.items() if value != getattr(alert, name)}
    if alert.anomaly is not None and (ranked := _ranked(alert.anomaly)) != alert.anomaly.contributions:
        changes["anomaly"] = dataclasses.replace(alert.anomaly, contributions=ranked)
    return dataclasses.replace(alert, **changes) if changes else alert


def check(alert: Alert) -> None:
    """Raises AlertError for the first field that breaks the contract."""
    _check_id(alert.alert_id)
    _require(1 <= alert.revision <= REVISION_MAX, "revision", f"1 to {REVISION_MAX}", alert.revision)
    for name in REQUIRED_TEXTS:
        _check_text(name, getattr(alert, name), 1, NAME_CHARACTERS_MAX)
    for name in OPTIONAL_TEXTS:
        _check_text(name, getattr(alert, name), 0, NAME_CHARACTERS_MAX)
    _check_text("explanation", alert.explanation, 1, EXPLANATION_CHARACTERS_MAX)
    _check_text("withdrawn_reason", alert.withdrawn_reason, 0, EXPLANATION_CHARACTERS_MAX)
    _require(0 <= alert.score <= 1, "score", "a number from 0 to 1", alert.score)
    _require(0 <= alert.start_time_ns <= TIME_NS_MAX, "start_time_ns", "nanoseconds in 63 bits", alert.start_time_ns)
    if not alert.start_time_ns <= alert.end_time_ns <= TIME_NS_MAX:
        raise AlertError("end_time_ns", f"nanoseconds not before the start ({alert.start_time_ns})", alert.end_time_ns)
    for name in TEXT_LISTS:
        _check_texts(name, getattr(alert, name))
    _check_measurements(alert.measurements)
    if alert.anomaly is not None:
        _check_anomaly(alert.anomaly)


def to_json(alert: Alert) -> dict[str, object]:
    """The alert as a JSON object with exactly the keys of the contract, in its order (`JSON_KEYS`)."""
    whole = canonical(alert)
    values: dict[str, object] = {key: getattr(whole, key) for key in JSON_KEYS}
    values.update({key: list(getattr(whole, key)) for key in TEXT_LISTS})
    values.update({key: getattr(whole, key) or None for key in OPTIONAL_TEXTS})
    values["severity"] = whole.severity.name
    values["measurements"] = [dataclasses.asdict(each) for each in whole.measurements]
    values["anomaly"] = whole.anomaly and _anomaly_to_json(whole.anomaly)
    return values


def from_json(values: Mapping[str, object]) -> Alert:
    """The alert a JSON object holds; AlertError for an unknown or missing key or a value of the wrong kind."""
    for key in values:
        _require(key in JSON_KEYS, str(key), f"one of {', '.join(JSON_KEYS)}", key)
    for key in JSON_KEYS:
        _require(key in values, key, "a value (null where absent)", "no such key")
    severity = values["severity"]
    if severity not in Severity.__members__:
        raise AlertError("severity", ", ".join(Severity.__members__), severity)
    anomaly = values["anomaly"]
    return canonical(
        Alert(
            alert_id=_text(values, "alert_id"),
            revision=_integer(values, "revision"),
            rule_id=_text(values, "rule_id"),
            rule_version=_text(values, "rule_version"),
            typology=_text(values, "typology"),
            severity=Severity[str(severity)],
            score=_number(values, "score"),
            venue=_optional_text(values, "venue"),
            instrument=_optional_text(values, "instrument"),
            start_time_ns=_integer(values, "start_time_ns"),
            end_time_ns=_integer(values, "end_time_ns"),
            explanation=_text(values, "explanation"),
            accounts=_texts(values, "accounts"),
            owners=_texts(values, "owners"),
            order_ids=_texts(values, "order_ids"),
            trade_ids=_texts(values, "trade_ids"),
            evidence_event_ids=_texts(values, "evidence_event_ids"),
            measurements=tuple(_measurement_from_json(each) for each in _objects(values, "measurements")),
            anomaly=None if anomaly is None else _anomaly_from_json(anomaly),
            config_digest=_optional_text(values, "config_digest"),
        )
    )


def to_message(alert: Alert) -> alert_pb2.Alert:
    """The alert as `surveillance.v1.Alert`, canonical."""
    whole = canonical(alert)
    message = alert_pb2.Alert(
        alert_id=whole.alert_id,
        revision=whole.revision,
        rule_id=whole.rule_id,
        rule_version=whole.rule_version,
        typology=whole.typology,
        severity=alert_pb2.Severity.Name(whole.severity),
        score=whole.score,
        venue=whole.venue,
        instrument=whole.instrument,
        accounts=whole.accounts,
        owners=whole.owners,
        start_time_ns=whole.start_time_ns,
        end_time_ns=whole.end_time_ns,
        order_ids=whole.order_ids,
        trade_ids=whole.trade_ids,
        measurements=[
            alert_pb2.Measurement(name=m.name, observed=m.observed, threshold=m.threshold, unit=m.unit)
            for m in whole.measurements
        ],
        explanation=whole.explanation,
        evidence_event_ids=whole.evidence_event_ids,
        config_digest=whole.config_digest,
        closed=whole.closed,
    )
    if whole.withdrawn_reason:
        message.withdrawn_reason = whole.withdrawn_reason
    if whole.anomaly is not None:
        message.anomaly.score = whole.anomaly.score
        message.anomaly.model_id = whole.anomaly.model_id
        for each in whole.anomaly.contributions:
            message.anomaly.contributions.add(feature=each.feature, value=each.value, contribution=each.contribution)
    return message


def withdrawn(alert: Alert, revision: int, reason: str) -> Alert:
    """The revision of an alert that takes it back, everything else as it was."""
    explanation = f"Withdrawn: {reason}. It said: {alert.explanation}"[:EXPLANATION_CHARACTERS_MAX]
    return dataclasses.replace(alert, revision=revision, closed=True, withdrawn_reason=reason, explanation=explanation)


def from_message(message: alert_pb2.Alert) -> Alert:
    """The alert a message holds, canonical; AlertError if it breaks the contract."""
    return canonical(_as_it_is(message))


def canonical_bytes(message: alert_pb2.Alert) -> tuple[Alert, bytes]:
    """The alert a message holds, and the bytes of its canonical message; AlertError if it breaks the contract."""
    given = _as_it_is(message)
    alert = canonical(given)
    whole = message if alert is given else to_message(alert)
    whole.DiscardUnknownFields()
    return alert, whole.SerializeToString(deterministic=True)


def _as_it_is(message: alert_pb2.Alert) -> Alert:
    if not Severity.LOW <= message.severity <= Severity.CRITICAL:
        raise AlertError("severity", ", ".join(f"SEVERITY_{name}" for name in Severity.__members__), message.severity)
    return Alert(
        alert_id=message.alert_id,
        revision=message.revision,
        rule_id=message.rule_id,
        rule_version=message.rule_version,
        typology=message.typology,
        severity=Severity(message.severity),
        score=message.score,
        venue=message.venue,
        instrument=message.instrument,
        start_time_ns=message.start_time_ns,
        end_time_ns=message.end_time_ns,
        explanation=message.explanation,
        accounts=tuple(message.accounts),
        owners=tuple(message.owners),
        order_ids=tuple(message.order_ids),
        trade_ids=tuple(message.trade_ids),
        measurements=tuple(
            Measurement(each.name, each.observed, each.threshold, each.unit) for each in message.measurements
        ),
        evidence_event_ids=tuple(message.evidence_event_ids),
        anomaly=_anomaly_from_message(message.anomaly) if message.HasField("anomaly") else None,
        config_digest=message.config_digest,
        closed=message.closed,
        withdrawn_reason=message.withdrawn_reason,
    )


def _require(holds: bool, field: str, expected: str, found: object) -> None:
    if not holds:
        raise AlertError(field, expected, found)


def _check_id(alert_id: str) -> None:
    fits = len(alert_id) == ID_CHARACTERS and _HEXADECIMAL.issuperset(alert_id)
    _require(fits, "alert_id", f"{ID_CHARACTERS} lower-case hexadecimal digits", alert_id)


def _check_text(field: str, text: str, characters_min: int, characters_max: int) -> None:
    if not characters_min <= len(text) <= characters_max:
        raise AlertError(field, f"{characters_min} to {characters_max} characters", text)
    if not text.isprintable() and any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise AlertError(field, "text without NUL and lone surrogates, which no store can hold", text)


def _check_texts(field: str, texts: Sequence[str]) -> None:
    _check_count(field, texts, LIST_ENTRIES_MAX)
    if not all(0 < len(text) <= NAME_CHARACTERS_MAX and text.isprintable() for text in texts):
        for position, text in enumerate(texts):
            _check_text(f"{field}[{position}]", text, 1, NAME_CHARACTERS_MAX)


def _check_count(field: str, entries: Sequence[object], count_max: int) -> None:
    if len(entries) > count_max:
        raise AlertError(field, f"at most {count_max} entries", f"{len(entries)} entries")


def _check_finite(field: str, value: float) -> None:
    _require(math.isfinite(value), field, "a finite number", value)


def _check_measurements(measurements: Sequence[Measurement]) -> None:
    _check_count("measurements", measurements, MEASUREMENTS_MAX)
    for each in measurements:
        _check_text("measurements.name", each.name, 1, NAME_CHARACTERS_MAX)
        _check_text("measurements.unit", each.unit, 0, NAME_CHARACTERS_MAX)
        _check_finite("measurements.observed", each.observed)
        _check_finite("measurements.threshold", each.threshold)


def _check_anomaly(anomaly: Anomaly) -> None:
    _require(0 <= anomaly.score <= 1, "anomaly.score", "a number from 0 to 1", anomaly.score)
    _check_text("anomaly.model_id", anomaly.model_id, 0, NAME_CHARACTERS_MAX)
    _check_count("anomaly.contributions", anomaly.contributions, MEASUREMENTS_MAX)
    for each in anomaly.contributions:
        _check_text("anomaly.contributions.feature", each.feature, 1, NAME_CHARACTERS_MAX)
        _check_finite("anomaly.contributions.value", each.value)
        share = each.contribution
        _require(-1 <= share <= 1, "anomaly.contributions.contribution", "a number from -1 to 1", share)


def _ranked(anomaly: Anomaly) -> tuple[Contribution, ...]:
    return tuple(sorted(anomaly.contributions, key=lambda each: (-abs(each.contribution), each.feature)))


def _anomaly_to_json(anomaly: Anomaly) -> dict[str, object]:
    contributions = [dataclasses.asdict(each) for each in anomaly.contributions]
    return {"score": anomaly.score, "model_id": anomaly.model_id or None, "contributions": contributions}


def _anomaly_from_json(value: object) -> Anomaly:
    values = _object(value, "anomaly", ("score", "model_id", "contributions"))
    contributions = tuple(
        Contribution(_text(each, "feature"), _number(each, "value"), _number(each, "contribution"))
        for position, item in enumerate(_objects(values, "contributions"))
        for each in (_object(item, f"anomaly.contributions[{position}]", ("feature", "value", "contribution")),)
    )
    return Anomaly(_number(values, "score"), _optional_text(values, "model_id"), contributions)


def _anomaly_from_message(message: alert_pb2.Anomaly) -> Anomaly:
    contributions = (Contribution(each.feature, each.value, each.contribution) for each in message.contributions)
    return Anomaly(message.score, message.model_id, tuple(contributions))


def _measurement_from_json(value: object) -> Measurement:
    values = _object(value, "measurements", ("name", "observed", "threshold", "unit"))
    return Measurement(
        _text(values, "name"), _number(values, "observed"), _number(values, "threshold"), _text(values, "unit")
    )


def _object(value: object, field: str, keys: Sequence[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or set(value) != set(keys):
        raise AlertError(field, f"an object with the keys {', '.join(keys)}", value)
    return value


def _objects(values: Mapping[str, object], key: str) -> Sequence[object]:
    found = values[key]
    if not isinstance(found, list | tuple):
        raise AlertError(key, "a list of objects", found)
    return found


def _text(values: Mapping[str, object], key: str) -> str:
    found = values[key]
    if not isinstance(found, str):
        raise AlertError(key, "text", found)
    return found


def _optional_text(values: Mapping[str, object], key: str) -> str:
    return "" if values[key] is None else _text(values, key)


def _texts(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = values[key]
    if not isinstance(found, list | tuple) or not all(isinstance(each, str) for each in found):
        raise AlertError(key, "a list of texts", found)
    return tuple(found)


def _integer(values: Mapping[str, object], key: str) -> int:
    found = values[key]
    if not isinstance(found, int) or isinstance(found, bool):
        raise AlertError(key, "a whole number", found)
    return found


def _number(values: Mapping[str, object], key: str) -> float:
    found = values[key]
    if not isinstance(found, int | float) or isinstance(found, bool):
        raise AlertError(key, "a number", found)
    return float(found)
