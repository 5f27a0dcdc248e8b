"""How a case ages against its due time: a function of the clock, nothing kept."""

from enum import IntEnum

from case_service.case import Case, CaseState

DUE_SOON_SHARE = 0.75
"""From here on of the time it has, a case is due soon."""


class Ageing(IntEnum):
    """Where a case stands; the numbers are those of the contract."""

    ON_TIME = 1
    DUE_SOON = 2
    OVERDUE = 3


def ageing_of(case: Case, now_ns: int) -> Ageing:
    """Where a case stands at a time (nanoseconds since the Unix epoch, UTC); a closed one, when it was closed."""
    at_ns = case.close_time_ns if case.work.state == CaseState.CLOSED else now_ns
    if at_ns > case.due_time_ns:
        return Ageing.OVERDUE
    has_ns = case.due_time_ns - case.clock_start_time_ns
    soon = at_ns - case.clock_start_time_ns >= DUE_SOON_SHARE * has_ns and case.work.state != CaseState.CLOSED
    return Ageing.DUE_SOON if soon else Ageing.ON_TIME
