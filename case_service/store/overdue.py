"""Escalates cases whose time is up, each as a change of its own in the history."""

from sqlalchemy import select

from case_service.case import CaseState, etag_of
from case_service.grouping import Policy
from case_service.lifecycle import TRANSITIONS, Command, Verb
from case_service.store.tables import cases
from case_service.store.transaction import Transaction
from case_service.store.verbs import move

ACTOR = "system:sla"
AT_ONCE = 100
"""A unit of work escalates so many at most, so that analysts' requests come between."""
_WAITING = [state for state in CaseState if state in TRANSITIONS[Verb.ESCALATE_OVERDUE]]


def escalate_overdue(shared: Transaction, policy: Policy) -> int:
    """Escalate cases past their due time, the longest overdue first; how many, at most AT_ONCE."""
    waiting = cases.c.state.in_([int(state) for state in _WAITING])
    query = select(cases).where(waiting, cases.c.due_time_ns < shared.now_ns).order_by(cases.c.due_time_ns)
    rows = shared.connection.execute(query.limit(AT_ONCE).with_for_update()).all()
    for row in rows:
        move(shared, row, _command(row.case_id, row.version, row.priority, row.due_time_ns, shared.now_ns), policy)
    return len(rows)


def _command(case_id: str, version: int, priority: int, due_time_ns: int, now_ns: int) -> Command:
    late_s = (now_ns - due_time_ns) // 1_000_000_000
    reason = f"overdue by {late_s} s: due at {due_time_ns} by priority {priority}"
    return Command(Verb.ESCALATE_OVERDUE, case_id, etag_of(case_id, version), ACTOR, reason=reason)
