"""Reads and writes what is pinned to cases."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.evidence.pin import Part, Pin, PinState, Window
from case_service.store.tables import cases, evidence, evidence_progress
from case_service.store.transaction import Transaction
from tapewatch.runtime.errors import FailedPrecondition

PINNER = "evidence"
"""Who pins when nobody asked."""
DISCOVERED_MAX = 500


def newest(connection: Connection, case_number: int) -> Pin | None:
    """The newest pin of a case, whatever its state."""
    query = select(evidence).where(evidence.c.case_number == case_number)
    return _first(connection, query.order_by(evidence.c.revision.desc()))


def newest_kept(connection: Connection, case_number: int) -> Pin | None:
    """The newest pin of a case that is whole."""
    query = select(evidence).where(evidence.c.case_number == case_number, evidence.c.state == PinState.PINNED)
    return _first(connection, query.order_by(evidence.c.revision.desc()))


def _first(connection: Connection, query: Select[*tuple[Any, ...]]) -> Pin | None:
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _pin(row)


def pending(connection: Connection, count: int) -> list[Pin]:
    """Pins that wait, those tried least first."""
    query = select(evidence).where(evidence.c.state == PinState.PENDING)
    ordered = query.order_by(evidence.c.attempts, evidence.c.case_number).limit(count)
    return [_pin(row) for row in connection.execute(ordered)]


def progress(connection: Connection) -> int:
    """The last change of a case that was looked at."""
    return int(connection.execute(select(evidence_progress.c.change_sequence)).scalar_one())


def cases_changed(connection: Connection, after: int) -> list[Row[*tuple[Any, ...]]]:
    """Number, times, alert count and change of the cases changed after a change, in order."""
    columns = (cases.c.number, cases.c.start_time_ns, cases.c.end_time_ns, cases.c.alert_count, cases.c.change_sequence)
    kept = cases.c.group_key != ""  # what was erased by policy is not gathered again
    query = select(*columns).where(cases.c.change_sequence > after, kept).order_by(cases.c.change_sequence)
    return list(connection.execute(query.limit(DISCOVERED_MAX)).all())


def note_due(shared: Transaction, wanted: Iterable[tuple[int, Window, int]], change_sequence: int) -> int:
    """Enter a pin for each case (number, window, alerts) whose newest one covers something else; how many."""
    made = sum(_ask(shared, number, window, alert_count) for number, window, alert_count in wanted)
    shared.connection.execute(update(evidence_progress).values(change_sequence=change_sequence))
    return made


def _ask(shared: Transaction, number: int, window: Window, alert_count: int) -> bool:
    held = newest(shared.connection, number)
    if held is not None and _covers(held, window) and held.alert_count == alert_count:
        return False
    enter(shared, number, window, alert_count, held)
    return True


def _covers(held: Pin, window: Window) -> bool:
    return held.window.from_ns <= window.from_ns and held.window.to_ns >= window.to_ns


def enter(
    shared: Transaction, number: int, window: Window, alert_count: int, held: Pin | None, who: str = "", why: str = ""
) -> Pin:
    """A pin that waits: the newest one with another window where that still waits, else one more."""
    values: dict[str, object] = {
        "from_time_ns": window.from_ns,
        "to_time_ns": window.to_ns,
        "alert_count": alert_count,
    }
    values |= {"attempts": 0, "problem": "", "asked_by": who, "reason": why}
    if held is not None and held.state is PinState.PENDING:
        shared.connection.execute(update(evidence).where(*_key(held)).values(**values))
    else:
        fresh = {"case_number": number, "revision": 1 if held is None else held.revision + 1}
        empty = {"state": int(PinState.PENDING), "parts": "{}", "manifest_sha256": "", "events": 0, "pin_time_ns": 0}
        shared.connection.execute(insert(evidence), {**fresh, **empty, **values, "opening_is_whole": False})
    found = newest(shared.connection, number)
    assert found is not None
    return found


def ask_for(shared: Transaction, number: int, window: Window, actor: str, reason: str, channel: str) -> Pin:
    """Enter a pin because somebody asked, and say so in the audit trail."""
    row = shared.connection.execute(select(cases).where(cases.c.number == number)).one()
    if not row.group_key:
        raise FailedPrecondition("CASE_ERASED", f"expected a case that was not erased, found case {number} erased")
    pin = enter(shared, number, window, row.alert_count, newest(shared.connection, number), actor, reason)
    given = {"from_time_ns": window.from_ns, "to_time_ns": window.to_ns, "revision": pin.revision, "channel": channel}
    detail = detail_json(**{name: value for name, value in given.items() if value != ""})
    shared.audit([Entry(actor, "RequestEvidence", row.case_id, reason, row.state, row.state, detail)])
    return pin


def kept(shared: Transaction, pin: Pin) -> bool:
    """Enter that a pin is kept, with its hashes in the audit trail; False where it was changed or made meanwhile."""
    stands = (evidence.c.state == PinState.PENDING) & (evidence.c.to_time_ns == pin.window.to_ns)
    values = {
        "state": int(PinState.PINNED),
        "attempts": pin.attempts,
        "problem": pin.problem,
        "parts": json.dumps({name: [part.sha256, part.size_bytes] for name, part in sorted(pin.parts.items())}),
        "manifest_sha256": pin.manifest_sha256,
        "events": pin.events,
        "pin_time_ns": shared.now_ns,
        "opening_is_whole": pin.opening_is_whole,
    }
    changed = shared.connection.execute(update(evidence).where(*_key(pin), stands).values(**values))
    if changed.rowcount == 0:
        return False
    row = shared.connection.execute(
        select(cases.c.case_id, cases.c.state).where(cases.c.number == pin.case_number)
    ).one()
    detail = detail_json(
        revision=pin.revision,
        from_time_ns=pin.window.from_ns,
        to_time_ns=pin.window.to_ns,
        events=pin.events,
        manifest_sha256=pin.manifest_sha256,
        parts={name: part.sha256 for name, part in pin.parts.items()},
    )
    who = pin.asked_by or PINNER
    shared.audit([Entry(who, "PinEvidence", row.case_id, pin.reason, row.state, row.state, detail)])
    return True


def tried(shared: Transaction, pin: Pin, problem: str, state: PinState = PinState.PENDING) -> None:
    """Enter that a try did not succeed, and why; FAILED where no other will."""
    values = {"attempts": pin.attempts + 1, "problem": problem, "state": int(state)}
    shared.connection.execute(update(evidence).where(*_key(pin)).values(**values))


def count_by_state(connection: Connection) -> dict[PinState, int]:
    """How many pins are in each state."""
    query = select(evidence.c.state, func.count()).group_by(evidence.c.state)
    return {PinState(state): int(count) for state, count in connection.execute(query)}


def _key(pin: Pin) -> tuple[Any, Any]:
    return evidence.c.case_number == pin.case_number, evidence.c.revision == pin.revision


def _pin(row: Row[*tuple[Any, ...]]) -> Pin:
    return Pin(
        case_number=row.case_number,
        revision=row.revision,
        state=PinState(row.state),
        window=Window(row.from_time_ns, row.to_time_ns),
        alert_count=row.alert_count,
        attempts=row.attempts,
        problem=row.problem,
        parts={name: Part(*part) for name, part in json.loads(row.parts).items()},
        manifest_sha256=row.manifest_sha256,
        events=row.events,
        pin_time_ns=row.pin_time_ns,
        opening_is_whole=row.opening_is_whole,
        asked_by=row.asked_by,
        reason=row.reason,
    )
