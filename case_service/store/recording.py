"""Records alert revisions: the highest of each is kept, and every alert belongs to one case.

A batch costs a fixed number of statements, whatever its size.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, delete, func, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.case import WATCH_TAG, CaseState, Disposition
from case_service.grouping import Policy, title_of
from case_service.priority import value_of
from case_service.store.batch import ACTOR, Batch, Held, Incoming, Note, Outcome, Target, decide, load
from case_service.store.bulk import execute_many
from case_service.store.outcomes import standings
from case_service.store.subject_lists import count_covered
from case_service.store.tables import (
    PARTY_ACCOUNT,
    PARTY_OWNER,
    alert_conflicts,
    alert_parties,
    alert_revisions,
    alerts,
    case_tags,
    cases,
)
from case_service.store.transaction import Transaction
from tapewatch.alert import Severity

PARTY_NAMES_CHARACTERS_MAX = 20_000
"""What full-text search knows of an alert's parties; those beyond are found by filters."""
NANOSECONDS_OF_DAY = 86_400_000_000_000
_INSERT_ALERT, _INSERT_PARTY, _INSERT_CASE = insert(alerts), insert(alert_parties), insert(cases)
_INSERT_CONFLICT, _INSERT_TAG = insert(alert_conflicts), insert(case_tags)
_UPDATE_ALERT = update(alerts).where(alerts.c.number == bindparam("of_number"))
_UPDATE_CASE = update(cases).where(cases.c.number == bindparam("of_number"))
_DELETE_PARTIES = delete(alert_parties).where(
    alert_parties.c.case_number == bindparam("of_case"), alert_parties.c.alert_number == bindparam("of_number")
)


def record(shared: Transaction, incoming: Sequence[Incoming], policy: Policy) -> list[Outcome]:
    """Record revisions in the order given; one outcome each.

    A revision not above the one held changes nothing. The same revision with other content is refused, kept aside in
    `alert_conflicts`, and said in the audit trail once: detection must not be stopped by it, nor may it go unseen.
    """
    batch = load(shared, incoming, policy)
    outcomes = [decide(batch, each) for each in incoming]
    _store_conflicts(batch)
    _know_subjects(batch)
    _weigh(batch, [each for each in batch.touched.values() if each.opening is not None])
    _open_cases(batch)
    _store_alerts(batch)
    _measure_revised(batch)
    _weigh(batch, batch.touched.values())
    _update_cases(batch)
    _tag_watched(batch)
    count_covered(shared, batch.covered)
    shared.audit([*_entries(batch), *batch.refusals])
    return outcomes


def _know_subjects(batch: Batch) -> None:
    """Give each new case what is known of how earlier cases of its subjects ended."""
    opened = {each.number: each.opening for each in batch.touched.values() if each.opening is not None}
    oldest_ns = batch.shared.now_ns - round(batch.policy.urgency.history_days * NANOSECONDS_OF_DAY)
    for number, standing in standings(batch.shared.connection, opened, oldest_ns).items():
        batch.targets[number].standing = standing.also_watched(batch.targets[number].standing.watched)


def _weigh(batch: Batch, targets: Iterable[Target]) -> None:
    for each in targets:
        urgency = batch.policy.urgency
        batch.priorities[each.number] = urgency.priority(each.severity, each.score, each.value, each.standing)


def _tag_watched(batch: Batch) -> None:
    tags = [(number, name) for number, names in batch.watched.items() for name in sorted(names)]
    rows = [{"tag": f"{WATCH_TAG}{name}", "case_number": number} for number, name in tags]
    execute_many(batch.shared.connection, _INSERT_TAG, rows)


def _entries(batch: Batch) -> Iterable[Entry]:
    """What the audit trail says of the batch; the last entry of a case says how urgent it is now."""
    last = {note.target.number: note for note in batch.notes}
    for note in batch.notes:
        alert = note.incoming.alert
        particulars: dict[str, object] = {
            "alert_id": alert.alert_id,
            "revision": alert.revision,
            "content_hash": note.incoming.content_hash,
            "case_revision": note.target.version + 1,
        }
        if note.action == "OpenCase" and note.target.covered_by is not None:
            particulars["known_behaviour_id"] = note.target.covered_by.entry_id
        if note.duplicate_of:
            particulars["duplicate_of"] = note.duplicate_of
        if note is last[note.target.number]:
            particulars |= _settled(batch, note)
        detail = detail_json(**particulars)
        case_id = note.target.case_id
        yield Entry(ACTOR, note.action, case_id, note.reason, note.from_state, note.to_state, detail, alert.alert_id)


def _settled(batch: Batch, note: Note) -> dict[str, object]:
    """How urgent the case is now, and what else of it the batch changed."""
    target = note.target
    priority = batch.priorities[target.number]
    settled: dict[str, object] = {"priority": priority.number, "due_time_ns": _due_time_ns(batch, target)}
    if json.dumps(priority.reasons) != target.priority_reasons:
        settled["priority_reasons"] = priority.reasons
    if names := batch.watched.get(target.number):
        settled["watched"] = sorted(names)
    return settled


def _store_conflicts(batch: Batch) -> None:
    """Keep each refused revision once, however often it is sent."""
    if not batch.conflicts:
        return
    table = alert_conflicts.c
    named = {(each.alert.alert_id, each.alert.revision, each.content_hash): each for each in batch.conflicts}
    query = select(table.alert_id, table.revision, table.content_hash).where(
        table.alert_id.in_([alert_id for alert_id, _, _ in named])
    )
    kept = {tuple(row) for row in batch.shared.connection.execute(query)}
    fresh = [each for name, each in named.items() if name not in kept]
    execute_many(batch.shared.connection, _INSERT_CONFLICT, [_conflict_row(batch, each) for each in fresh])
    for each in fresh:
        held = batch.held[each.alert.alert_id]
        detail = detail_json(
            alert_id=each.alert.alert_id, revision=each.alert.revision, refused_content_hash=each.content_hash
        )
        state = held.case.state
        reason = "the same revision is held with other content"
        entry = Entry(ACTOR, "RefuseAlert", held.case.case_id, reason, state, state, detail, each.alert.alert_id)
        batch.refusals.append(entry)


def _conflict_row(batch: Batch, each: Incoming) -> dict[str, object]:
    return {
        "alert_id": each.alert.alert_id,
        "revision": each.alert.revision,
        "content_hash": each.content_hash,
        "time_ns": batch.shared.now_ns,
        "body": each.body,
    }


def _store_alerts(batch: Batch) -> None:
    connection = batch.shared.connection
    added = [
        {"number": held.number, "case_number": held.case.number, "alert_id": alert_id, **_alert_row(batch, held)}
        for alert_id, held in batch.added.items()
    ]
    execute_many(connection, _INSERT_ALERT, added)
    _keep_replaced(batch)
    revised = [{**_alert_row(batch, held), "of_number": held.number} for held in batch.revised.values()]
    execute_many(connection, _UPDATE_ALERT, revised)
    places = [{"of_case": held.case.number, "of_number": held.number} for held in batch.revised.values()]
    execute_many(connection, _DELETE_PARTIES, places)
    parties = [row for held in (*batch.added.values(), *batch.revised.values()) for row in _party_rows(held)]
    execute_many(connection, _INSERT_PARTY, parties)


def _keep_replaced(batch: Batch) -> None:
    """A revision that another replaces is kept, so that its case can be shown as it was."""
    if not batch.revised:
        return
    kept = (alerts.c.number, alerts.c.revision, alerts.c.content_hash, alerts.c.body)
    replaced = select(*kept).where(alerts.c.number.in_([held.number for held in batch.revised.values()]))
    names = ["alert_number", "revision", "content_hash", "body"]
    batch.shared.connection.execute(insert(alert_revisions).from_select(names, replaced))


def _alert_row(batch: Batch, held: Held) -> dict[str, object]:
    assert held.incoming is not None
    alert = held.incoming.alert
    stands = not alert.withdrawn_reason  # a withdrawn alert weighs nothing, in filters and in its case
    return {
        "revision": alert.revision,
        "rule_id": alert.rule_id,
        "typology": alert.typology,
        "severity": int(alert.severity if stands else Severity.LOW),
        "score": alert.score if stands else 0.0,
        "venue": alert.venue,
        "instrument": alert.instrument,
        "start_time_ns": alert.start_time_ns,
        "end_time_ns": alert.end_time_ns,
        "closed": alert.closed,
        "explanation": alert.explanation,
        "party_names": " ".join((*alert.accounts, *alert.owners))[:PARTY_NAMES_CHARACTERS_MAX],
        "content_hash": held.content_hash,
        "body": held.incoming.body,
        "change_sequence": batch.shared.next_change(),
        "rule_version": alert.rule_version,
        "episode_key": held.incoming.episode_key,
        "value": value_of(alert) if stands else 0.0,
    }


def _party_rows(held: Held) -> Iterable[Mapping[str, object]]:
    assert held.incoming is not None
    alert = held.incoming.alert
    place = {"alert_number": held.number, "case_number": held.case.number}
    for role, names in ((PARTY_ACCOUNT, alert.accounts), (PARTY_OWNER, alert.owners)):
        for name in names:
            yield {"role": role, "name": name, **place}


def _open_cases(batch: Batch) -> None:
    opened = [each for each in batch.touched.values() if each.opening is not None]
    execute_many(batch.shared.connection, _INSERT_CASE, [_opened_row(batch, each) for each in opened])


def _update_cases(batch: Batch) -> None:
    revised = batch.revised_cases
    changed = [each for each in batch.touched.values() if each.opening is None or each.number in revised]
    rows = [{**_extent_row(batch, each), "of_number": each.number} for each in changed]
    execute_many(batch.shared.connection, _UPDATE_CASE, rows)
    reopened = [
        {**_REOPENED, "state_time_ns": batch.shared.now_ns, "of_number": each.number}
        for each in changed
        if each.reopened
    ]
    execute_many(batch.shared.connection, _UPDATE_CASE, reopened)


_REOPENED: Mapping[str, object] = {
    "state": int(CaseState.OPEN),
    "disposition": int(Disposition.NONE),
    "disposition_reason": "",
    "known_behaviour_id": "",
    "close_time_ns": 0,
}
_EXTENTS = (
    select(
        alerts.c.case_number,
        func.max(alerts.c.severity).label("severity"),
        func.max(alerts.c.score).label("score"),
        func.min(alerts.c.start_time_ns).label("start_time_ns"),
        func.max(alerts.c.end_time_ns).label("end_time_ns"),
        func.max(alerts.c.value).label("value"),
    )
    .where(alerts.c.case_number.in_(bindparam("numbers", expanding=True)))
    .group_by(alerts.c.case_number)
)


def _measure_revised(batch: Batch) -> None:
    """A revision may take back severity, score or time: read the extent of its case anew from its alerts."""
    if not batch.revised_cases:
        return
    for row in batch.shared.connection.execute(_EXTENTS, {"numbers": sorted(batch.revised_cases)}):
        target = batch.targets[row.case_number]
        target.severity, target.score = Severity(row.severity), row.score
        target.start_time_ns, target.end_time_ns, target.value = row.start_time_ns, row.end_time_ns, row.value


def _extent_row(batch: Batch, target: Target) -> dict[str, object]:
    priority = batch.priorities[target.number]
    return {
        "alert_count": target.alert_count,
        "severity": int(target.severity),
        "score": target.score,
        "start_time_ns": target.start_time_ns,
        "end_time_ns": target.end_time_ns,
        "value_at_stake": target.value,
        "standing": target.standing.to_json(),
        "priority": priority.number,
        "priority_reasons": json.dumps(priority.reasons),
        "clock_start_time_ns": target.clock_start_time_ns,
        "due_time_ns": _due_time_ns(batch, target),
        "update_time_ns": batch.shared.now_ns,
        "version": target.version + 1,
        "change_sequence": batch.shared.next_change(),
    }


def _due_time_ns(batch: Batch, target: Target) -> int:
    return batch.policy.due_time_ns(target.clock_start_time_ns, batch.priorities[target.number].number)


def _opened_row(batch: Batch, target: Target) -> dict[str, object]:
    alert = target.opening
    assert alert is not None
    family = batch.policy.family_of(alert.typology)
    return {
        **_extent_row(batch, target),
        "number": target.number,
        "case_id": target.case_id,
        "group_key": target.group_key,
        "title": title_of(alert, family),
        "state": int(target.state),
        "venue": alert.venue,
        "instrument": alert.instrument,
        "typology_family": family,
        "assignee": "",
        "create_time_ns": target.create_time_ns,
        "state_time_ns": target.create_time_ns,
        **_NO_PROPOSAL,
        **_ending(target),
    }


_NO_PROPOSAL: Mapping[str, object] = {
    "pending_disposition": 0,
    "pending_reason": "",
    "pending_proposer": "",
    "pending_time_ns": 0,
}


def _ending(target: Target) -> dict[str, object]:
    """How a new case stands: open, or closed at once by an entry of known behaviour."""
    entry = target.covered_by
    return {
        "disposition": int(Disposition.KNOWN_BEHAVIOUR if entry else Disposition.NONE),
        "disposition_reason": entry.reason if entry else "",
        "known_behaviour_id": entry.entry_id if entry else "",
        "close_time_ns": target.create_time_ns if entry else 0,
    }
