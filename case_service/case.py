"""A case: alerts of one subject, instrument and family of typologies that an analyst works as one."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from tapewatch.alert import Severity

ALERTS_OF_CASE_MAX = 500
"""A full case takes no more alerts; the next one opens a new case, so that a case stays readable and bounded."""
COMMENTS_OF_CASE_MAX = 500
ETAG_DIGITS = 16


class CaseState(IntEnum):
    """Where a case stands; the numbers are those of the contract."""

    OPEN = 1
    ASSIGNED = 2
    IN_REVIEW = 3
    ESCALATED = 4
    CLOSED = 5


class Disposition(IntEnum):
    """How a case ended; NONE until it is closed."""

    NONE = 0
    FALSE_POSITIVE = 1
    NO_ACTION = 2
    WARNED = 3
    REPORTED = 4


@dataclass(frozen=True, slots=True)
class Comment:
    """What someone added to a case, and when (nanoseconds since the Unix epoch, UTC)."""

    author: str
    time_ns: int
    text: str


@dataclass(frozen=True, slots=True)
class Work:
    """What analysts move: state, who works it, and how and why it ended."""

    state: CaseState = CaseState.OPEN
    assignee: str = ""
    disposition: Disposition = Disposition.NONE
    disposition_reason: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as read from the store; times in nanoseconds since the Unix epoch, UTC; priority 1 (most urgent) to 4."""

    case_id: str
    number: int
    title: str
    work: Work
    priority: int
    severity: Severity
    score: float
    venue: str
    instrument: str
    typology_family: str
    accounts: tuple[str, ...]
    owners: tuple[str, ...]
    alert_ids: tuple[str, ...]
    rule_ids: tuple[str, ...]
    explanations: tuple[str, ...]
    start_time_ns: int
    end_time_ns: int
    comments: tuple[Comment, ...]
    create_time_ns: int
    update_time_ns: int
    due_time_ns: int
    version: int

    @property
    def etag(self) -> str:
        """Changes with every change of the case."""
        return etag_of(self.case_id, self.version)


def etag_of(case_id: str, version: int) -> str:
    """The etag of one version of a case."""
    return hashlib.sha256(f"{case_id}/{version}".encode()).hexdigest()[:ETAG_DIGITS]


def case_id_of(first_alert_id: str) -> str:
    """The id of the case an alert opens: 64 hexadecimal digits."""
    return hashlib.sha256(f"case/{first_alert_id}".encode()).hexdigest()
