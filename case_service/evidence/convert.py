"""Evidence as messages of the contract."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.json_format import ParseDict

from case_service.evidence.event_file import EVENT_ID, SEQUENCE, Row
from case_service.evidence.kept import ReplayedPage, Step
from case_service.evidence.links import Link
from case_service.evidence.pin import Pin
from case_service.store.related import Related
from surveillance.v1 import detection_pb2, event_pb2, evidence_pb2
from tapewatch.market import event as schema
from tapewatch.market.replay import Level


def evidence_message(case_id: str, pin: Pin | None) -> evidence_pb2.Evidence:
    """A pin as `surveillance.v1.Evidence`; without one nothing was asked yet."""
    if pin is None:
        return evidence_pb2.Evidence(case_id=case_id)
    parts = [
        evidence_pb2.EvidencePart(name=name, sha256=part.sha256, size_bytes=part.size_bytes)
        for name, part in sorted(pin.parts.items())
    ]
    return evidence_pb2.Evidence(
        case_id=case_id,
        revision=pin.revision,
        state=evidence_pb2.EvidenceState.Name(pin.state),
        from_time_ns=pin.window.from_ns,
        to_time_ns=pin.window.to_ns,
        events=pin.events,
        parts=parts,
        manifest_sha256=pin.manifest_sha256,
        pin_time_ns=pin.pin_time_ns,
        attempts=pin.attempts,
        problem=pin.problem,
        opening_is_whole=pin.opening_is_whole,
    )


def journal_event(row: Row) -> evidence_pb2.JournalEvent:
    """A row of the event file."""
    event = event_pb2.Event()
    for name, value in row.items():
        if name in (SEQUENCE, EVENT_ID):
            continue
        if name == "kind":
            event.kind = schema.Kind[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name == "side":
            event.side = schema.Side[value]  # type: ignore[assignment]  # the enums share their numbers
        elif name.startswith(schema.EXTENSION_PREFIX):
            event.extensions[name] = value
        else:
            setattr(event, name, value)
    return evidence_pb2.JournalEvent(sequence=row[SEQUENCE], event_id=row[EVENT_ID], event=event)


def replay_message(page: ReplayedPage, venue: str, instrument: str, is_whole: bool) -> evidence_pb2.ReplayBookResponse:
    """A page of a replayed book, without its token."""
    return evidence_pb2.ReplayBookResponse(
        snapshot=evidence_pb2.BookSnapshot(
            bids=[_level(each) for each in page.bids], asks=[_level(each) for each in page.asks]
        ),
        steps=[_step(each) for each in page.steps],
        opening_is_whole=is_whole,
        venue=venue,
        instrument=instrument,
    )


def _step(step: Step) -> evidence_pb2.BookStep:
    changes = [
        evidence_pb2.BookChange(side=event_pb2.Side.Name(each.side), level=_level(each.level)) for each in step.changes
    ]
    return evidence_pb2.BookStep(event=journal_event(step.row), changes=changes)


def _level(level: Level) -> evidence_pb2.BookLevel:
    return evidence_pb2.BookLevel(
        price=level.price, quantity=level.quantity, orders=level.orders, subject_quantity=level.subject_quantity
    )


def context_message(
    case_id: str,
    context: Mapping[str, Any],
    related: Sequence[Related],
    links: Sequence[Link],
    problems: Sequence[str],
) -> evidence_pb2.CaseContext:
    """What a case stands in."""
    return evidence_pb2.CaseContext(
        case_id=case_id,
        rules=[_rule(each, context.get("config_digest", "")) for each in context.get("rules", ())],
        related_alerts=[
            evidence_pb2.RelatedAlert(alert=each.alert, why=each.why, case_id=each.case_id) for each in related
        ],
        links=[
            evidence_pb2.AccountLink(account=each.account, other_account=each.other, why=each.why, count=each.count)
            for each in links
        ],
        problems=problems,
    )


def _rule(known: Mapping[str, Any], config_digest: str) -> evidence_pb2.RuleAsItWas:
    return evidence_pb2.RuleAsItWas(
        rule=ParseDict(known["rule"], detection_pb2.Rule(), ignore_unknown_fields=True),
        alert_rule_version=known["alert_rule_version"],
        alert_config_digest=known["alert_config_digest"],
        config_digest=config_digest,
        is_same=known["alert_config_digest"] == config_digest,
    )
