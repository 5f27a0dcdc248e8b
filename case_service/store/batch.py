"""Decides what a batch of alert revisions changes: which are new, which revise, and which case each belongs to."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, or_, select

from case_service.audit import Entry, detail_json
from case_service.case import CaseState, case_id_of
from case_service.grouping import Extent, Policy, choose
from case_service.store.tables import alerts, cases
from case_service.store.transaction import Transaction
from tapewatch.alert import Alert, Severity

ACTOR = "detection"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An alert revision to record: the alert, and its message's bytes (canonical) as they will be kept."""

    alert: Alert
    body: bytes
    content_hash: str = field(default="")

    @classmethod
    def of(cls, alert: Alert, body: bytes) -> "Incoming":
        """With the hash of the bytes."""
        return cls(alert, body, hashlib.sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert revision: the highest revision held, its case, whether anything changed."""

    alert_id: str
    revision: int
    case_id: str
    changed: bool
    conflict: bool = False


@dataclass(slots=True)
class Held:
    """An alert as it stands, in the store or after an earlier revision in the same batch."""

    number: int
    case: "Target"
    revision: int
    content_hash: str
    incoming: Incoming | None = None


@dataclass(slots=True)
class Target(Extent):
    """A case that a batch touches."""

    case_id: str
    group_key: str
    priority: int
    version: int
    create_time_ns: int
    clock_start_time_ns: int
    opening: Alert | None = None
    """The alert that opens it, when it is new."""


@dataclass(slots=True)
class Batch:
    """A batch on its way: what is held, the cases near, and what changed."""

    shared: Transaction
    policy: Policy
    held: dict[str, Held]
    keys: dict[str, str]
    """Group keys of new alerts, by alert."""
    groups: dict[str, list[Target]]
    targets: dict[int, Target]
    added: dict[str, Held] = field(default_factory=dict)
    revised: dict[str, Held] = field(default_factory=dict)
    touched: dict[int, Target] = field(default_factory=dict)
    revised_cases: set[int] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    conflicts: list[Incoming] = field(default_factory=list)


def load(shared: Transaction, incoming: Sequence[Incoming], policy: Policy) -> Batch:
    """Read what the store holds of these alerts, and the cases that the new ones may join."""
    connection = shared.connection
    ids = {each.alert.alert_id for each in incoming}
    found = connection.execute(_HELD_ALERTS, {"ids": list(ids)}).all()
    known = {row.alert_id for row in found}
    strangers = [each.alert for each in incoming if each.alert.alert_id not in known]
    keys = {alert.alert_id: policy.group_key(alert) for alert in strangers}
    near = {
        "keys": list(set(keys.values())),
        "numbers": list({row.case_number for row in found}),
        "start_ns": min((alert.start_time_ns for alert in strangers), default=0) - policy.window_ns,
        "end_ns": max((alert.end_time_ns for alert in strangers), default=0) + policy.window_ns,
    }
    targets = {row.number: _target(row) for row in connection.execute(_NEAR_CASES, near)}
    groups: dict[str, list[Target]] = {key: [] for key in keys.values()}
    for target in targets.values():
        groups.setdefault(target.group_key, []).append(target)
    held = {row.alert_id: Held(row.number, targets[row.case_number], row.revision, row.content_hash) for row in found}
    return Batch(shared, policy, held, keys, groups, targets)


_HELD_ALERTS = select(
    alerts.c.alert_id, alerts.c.number, alerts.c.case_number, alerts.c.revision, alerts.c.content_hash
).where(alerts.c.alert_id.in_(bindparam("ids", expanding=True)))
_NEAR_CASES = select(
    *(cases.c.number, cases.c.state, cases.c.alert_count, cases.c.severity, cases.c.score, cases.c.start_time_ns),
    *(cases.c.end_time_ns, cases.c.case_id, cases.c.group_key, cases.c.priority, cases.c.version),
    *(cases.c.create_time_ns, cases.c.clock_start_time_ns),
).where(
    or_(
        cases.c.number.in_(bindparam("numbers", expanding=True)),
        cases.c.group_key.in_(bindparam("keys", expanding=True))
        & (cases.c.state != CaseState.CLOSED)
        & (cases.c.end_time_ns >= bindparam("start_ns"))
        & (cases.c.start_time_ns <= bindparam("end_ns")),
    )
)


def _target(row: Row[*tuple[Any, ...]]) -> Target:
    return Target(
        number=row.number,
        state=CaseState(row.state),
        alert_count=row.alert_count,
        severity=Severity(row.severity),
        score=row.score,
        start_time_ns=row.start_time_ns,
        end_time_ns=row.end_time_ns,
        case_id=row.case_id,
        group_key=row.group_key,
        priority=row.priority,
        version=row.version,
        create_time_ns=row.create_time_ns,
        clock_start_time_ns=row.clock_start_time_ns,
    )


def decide(batch: Batch, incoming: Incoming) -> Outcome:
    """Enter one revision in the batch and say what becomes of it."""
    alert = incoming.alert
    held = batch.held.get(alert.alert_id)
    if held is None:
        held = _add(batch, incoming)
        return Outcome(alert.alert_id, alert.revision, held.case.case_id, changed=True)
    if alert.revision > held.revision:
        _revise(batch, held, incoming)
        return Outcome(alert.alert_id, alert.revision, held.case.case_id, changed=True)
    conflict = alert.revision == held.revision and incoming.content_hash != held.content_hash
    if conflict:
        batch.conflicts.append(incoming)
    return Outcome(alert.alert_id, held.revision, held.case.case_id, changed=False, conflict=conflict)


def _add(batch: Batch, incoming: Incoming) -> Held:
    alert = incoming.alert
    key = batch.keys[alert.alert_id]
    target = choose(batch.groups[key], alert, batch.policy.window_ns)
    if target is None:
        target = _open_case(batch, alert, key)
        action = "OpenCase"
    else:
        target.add(alert)
        action = "AddAlert"
    held = Held(batch.shared.next_alert_number(), target, alert.revision, incoming.content_hash, incoming)
    batch.held[alert.alert_id] = batch.added[alert.alert_id] = held
    _note(batch, action, held, 0 if action == "OpenCase" else target.state)
    return held


def _open_case(batch: Batch, alert: Alert, key: str) -> Target:
    now_ns = batch.shared.now_ns
    target = Target(
        number=batch.shared.next_case_number(),
        state=CaseState.OPEN,
        alert_count=1,
        severity=alert.severity,
        score=alert.score,
        start_time_ns=alert.start_time_ns,
        end_time_ns=alert.end_time_ns,
        case_id=case_id_of(alert.alert_id),
        group_key=key,
        priority=0,
        version=0,
        create_time_ns=now_ns,
        clock_start_time_ns=now_ns,
        opening=alert,
    )
    batch.groups[key].append(target)
    batch.targets[target.number] = target
    return target


def _revise(batch: Batch, held: Held, incoming: Incoming) -> None:
    held.revision, held.content_hash, held.incoming = incoming.alert.revision, incoming.content_hash, incoming
    if incoming.alert.alert_id not in batch.added:
        batch.revised[incoming.alert.alert_id] = held
    batch.revised_cases.add(held.case.number)
    action = "WithdrawAlert" if incoming.alert.withdrawn_reason else "ReviseAlert"
    _note(batch, action, held, held.case.state)


def _note(batch: Batch, action: str, held: Held, from_state: int) -> None:
    assert held.incoming is not None
    batch.touched[held.case.number] = held.case
    batch.entries.append(
        Entry(
            actor=ACTOR,
            action=action,
            subject=held.case.case_id,
            reason=held.incoming.alert.withdrawn_reason,
            from_state=from_state,
            to_state=held.case.state,
            detail=detail_json(
                alert_id=held.incoming.alert.alert_id, revision=held.revision, content_hash=held.content_hash
            ),
            alert_id=held.incoming.alert.alert_id,
        )
    )
