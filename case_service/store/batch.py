"""Decides what a batch of alert revisions changes: which are new, which revise, and which case each belongs to."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, or_, select

from case_service.audit import Entry
from case_service.case import CaseState, case_id_of
from case_service.grouping import Extent, Policy, choose, episode_key
from case_service.priority import Priority, Standing, value_of
from case_service.store.subject_lists import lists_for
from case_service.store.tables import alerts, cases
from case_service.store.transaction import Transaction
from case_service.subjects.entries import KnownBehaviour, SubjectLists
from tapewatch.alert import Alert, Severity

ACTOR = "detection"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An alert revision to record: the alert, and its message's bytes (canonical) as they will be kept."""

    alert: Alert
    body: bytes
    content_hash: str = field(default="")
    episode_key: str = field(default="")

    @classmethod
    def of(cls, alert: Alert, body: bytes) -> "Incoming":
        """With the hash of the bytes, and the key of the episode."""
        return cls(alert, body, hashlib.sha256(body).hexdigest(), episode_key(alert))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert revision: the highest revision held, its case, whether anything changed.

    `became` is OPENED, JOINED, DUPLICATE or KNOWN for a new alert, empty for a revision.
    """

    alert_id: str
    revision: int
    case_id: str
    changed: bool
    conflict: bool = False
    became: str = ""


OPENED, JOINED, DUPLICATE, KNOWN = "opened", "joined", "duplicate", "known"
"""A new alert opened a case, joined one, tells an episode again that a case has, or is known behaviour."""


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
    priority_reasons: str
    """As JSON, as the store holds them; empty for a new case."""
    version: int
    create_time_ns: int
    clock_start_time_ns: int
    opening: Alert | None = None
    """The alert that opens it, when it is new."""
    covered_by: KnownBehaviour | None = None
    """The entry of known behaviour that opens it closed, when it is new."""
    reopened: bool = False
    """Whether it was closed as known behaviour, and a revision goes beyond that."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of one alert in the audit trail, once the batch is settled."""

    action: str
    target: Target
    incoming: Incoming
    from_state: int
    to_state: int
    reason: str
    duplicate_of: str = ""


@dataclass(frozen=True, slots=True)
class Twin:
    """An alert that tells of an episode, and its case."""

    alert_id: str
    case: Target


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
    twins: dict[str, Twin]
    """By episode key."""
    lists: SubjectLists
    added: dict[str, Held] = field(default_factory=dict)
    revised: dict[str, Held] = field(default_factory=dict)
    touched: dict[int, Target] = field(default_factory=dict)
    revised_cases: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    refusals: list[Entry] = field(default_factory=list)
    conflicts: list[Incoming] = field(default_factory=list)
    watched: dict[int, set[str]] = field(default_factory=dict)
    """Watch lists that name a case for the first time, by case."""
    covered: Counter[str] = field(default_factory=Counter)
    """New alerts that are known behaviour, by entry."""
    priorities: dict[int, Priority] = field(default_factory=dict)
    """Of the cases touched."""


def load(shared: Transaction, incoming: Sequence[Incoming], policy: Policy) -> Batch:
    """Read what the store holds of these alerts and their subjects, and the cases that the new ones may join."""
    connection = shared.connection
    asked = {
        "ids": list({each.alert.alert_id for each in incoming}),
        "episodes": list({each.episode_key for each in incoming}),
    }
    ids = set(asked["ids"])
    rows = connection.execute(_HELD_ALERTS, asked).all()
    found = [row for row in rows if row.alert_id in ids]
    known = {row.alert_id for row in found}
    strangers = [each.alert for each in incoming if each.alert.alert_id not in known]
    keys = {alert.alert_id: policy.group_key(alert) for alert in strangers}
    near = {
        "keys": list(set(keys.values())),
        "numbers": list({row.case_number for row in rows}),
        "start_ns": min((alert.start_time_ns for alert in strangers), default=0) - policy.window_ns,
        "end_ns": max((alert.end_time_ns for alert in strangers), default=0) + policy.window_ns,
    }
    targets = {row.number: _target(row) for row in connection.execute(_NEAR_CASES, near)}
    groups: dict[str, list[Target]] = {key: [] for key in keys.values()}
    for target in targets.values():
        groups.setdefault(target.group_key, []).append(target)
    held = {row.alert_id: Held(row.number, targets[row.case_number], row.revision, row.content_hash) for row in found}
    twins = {row.episode_key: Twin(row.alert_id, targets[row.case_number]) for row in reversed(rows)}
    lists = lists_for(connection, (each.alert for each in incoming), shared.now_ns)
    return Batch(shared, policy, held, keys, groups, targets, twins, lists)


_HELD_ALERTS = (
    select(
        *(alerts.c.alert_id, alerts.c.number, alerts.c.case_number, alerts.c.revision, alerts.c.content_hash),
        alerts.c.episode_key,
    )
    .where(
        or_(
            alerts.c.alert_id.in_(bindparam("ids", expanding=True)),
            alerts.c.episode_key.in_(bindparam("episodes", expanding=True)),
        )
    )
    .order_by(alerts.c.number)
)
_NEAR_CASES = select(
    *(cases.c.number, cases.c.state, cases.c.alert_count, cases.c.severity, cases.c.score, cases.c.start_time_ns),
    *(cases.c.end_time_ns, cases.c.case_id, cases.c.group_key, cases.c.priority_reasons, cases.c.version),
    *(cases.c.create_time_ns, cases.c.clock_start_time_ns, cases.c.value_at_stake, cases.c.known_behaviour_id),
    cases.c.standing,
).where(
    or_(
        cases.c.number.in_(bindparam("numbers", expanding=True)),
        cases.c.group_key.in_(bindparam("keys", expanding=True))
        & or_(cases.c.state != CaseState.CLOSED, cases.c.known_behaviour_id != "")
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
        priority_reasons=row.priority_reasons,
        version=row.version,
        create_time_ns=row.create_time_ns,
        clock_start_time_ns=row.clock_start_time_ns,
        value=row.value_at_stake,
        known_behaviour_id=row.known_behaviour_id,
        standing=Standing.from_json(row.standing),
    )


def decide(batch: Batch, incoming: Incoming) -> Outcome:
    """Enter one revision in the batch and say what becomes of it."""
    alert = incoming.alert
    held = batch.held.get(alert.alert_id)
    if held is None:
        return _add(batch, incoming)
    if not held.case.group_key:  # its case was erased by policy: what is told again must not bring it back
        return Outcome(alert.alert_id, held.revision, held.case.case_id, changed=False)
    if alert.revision > held.revision:
        _revise(batch, held, incoming)
        return Outcome(alert.alert_id, alert.revision, held.case.case_id, changed=True)
    conflict = alert.revision == held.revision and incoming.content_hash != held.content_hash
    if conflict:
        batch.conflicts.append(incoming)
    return Outcome(alert.alert_id, held.revision, held.case.case_id, changed=False, conflict=conflict)


def _add(batch: Batch, incoming: Incoming) -> Outcome:
    alert = incoming.alert
    twin = batch.twins.get(incoming.episode_key)
    entry = None if twin else batch.lists.covering(alert, batch.policy.family_of(alert.typology))
    target, became = (twin.case, DUPLICATE) if twin else _case_for(batch, alert, entry)
    opens = target.opening is alert
    if not opens:
        target.add(alert)
    if entry is not None:
        batch.covered[entry.entry_id] += 1
    held = Held(batch.shared.next_alert_number(), target, alert.revision, incoming.content_hash, incoming)
    batch.held[alert.alert_id] = batch.added[alert.alert_id] = held
    batch.twins.setdefault(incoming.episode_key, Twin(alert.alert_id, target))
    _watch(batch, target, alert)
    reason = entry.reason if entry is not None and opens else alert.withdrawn_reason
    action = "OpenCase" if opens else "AddAlert"
    _note(batch, action, held, 0 if opens else target.state, reason, twin.alert_id if twin else "")
    return Outcome(alert.alert_id, alert.revision, target.case_id, changed=True, became=became)


def _case_for(batch: Batch, alert: Alert, entry: KnownBehaviour | None) -> tuple[Target, str]:
    """The case a new alert joins or opens; what is known behaviour has cases of its own, closed from the first."""
    key = batch.keys[alert.alert_id]
    target = choose(batch.groups[key], alert, batch.policy.window_ns, entry.entry_id if entry else "")
    became = JOINED
    if target is None:
        target, became = _open_case(batch, alert, key, entry), OPENED
    return target, KNOWN if entry else became


def _open_case(batch: Batch, alert: Alert, key: str, entry: KnownBehaviour | None) -> Target:
    now_ns = batch.shared.now_ns
    target = Target(
        number=batch.shared.next_case_number(),
        state=CaseState.CLOSED if entry else CaseState.OPEN,
        alert_count=1,
        severity=alert.severity,
        score=alert.score,
        start_time_ns=alert.start_time_ns,
        end_time_ns=alert.end_time_ns,
        value=value_of(alert),
        known_behaviour_id=entry.entry_id if entry else "",
        standing=Standing(),
        case_id=case_id_of(alert.alert_id),
        group_key=key,
        priority_reasons="",
        version=0,
        create_time_ns=now_ns,
        clock_start_time_ns=now_ns,
        opening=alert,
        covered_by=entry,
    )
    batch.groups[key].append(target)
    batch.targets[target.number] = target
    return target


def _revise(batch: Batch, held: Held, incoming: Incoming) -> None:
    alert, target = incoming.alert, held.case
    held.revision, held.content_hash, held.incoming = alert.revision, incoming.content_hash, incoming
    if alert.alert_id not in batch.added:
        batch.revised[alert.alert_id] = held
    batch.revised_cases.add(target.number)
    _watch(batch, target, alert)
    action = "WithdrawAlert" if alert.withdrawn_reason else "ReviseAlert"
    _note(batch, action, held, target.state, alert.withdrawn_reason)
    known = target.known_behaviour_id and not alert.withdrawn_reason
    if known and not batch.lists.covering(alert, batch.policy.family_of(alert.typology)):
        _reopen(batch, held)


def _reopen(batch: Batch, held: Held) -> None:
    """What was known behaviour has become more than that: an analyst has to see it."""
    target = held.case
    target.state, target.known_behaviour_id, target.reopened = CaseState.OPEN, "", True
    target.clock_start_time_ns = batch.shared.now_ns
    reason = f"revision {held.revision} of an alert goes beyond what is known behaviour"
    _note(batch, "ReopenCase", held, CaseState.CLOSED, reason)


def _watch(batch: Batch, target: Target, alert: Alert) -> None:
    watched = batch.lists.watching(alert)
    if fresh := watched.keys() - target.standing.watched.keys():
        batch.watched.setdefault(target.number, set()).update(fresh)
    if watched:
        target.standing = target.standing.also_watched(watched)


def _note(batch: Batch, action: str, held: Held, from_state: int, reason: str, duplicate_of: str = "") -> None:
    assert held.incoming is not None
    target = held.case
    batch.touched[target.number] = target
    batch.notes.append(Note(action, target, held.incoming, from_state, target.state, reason, duplicate_of))
