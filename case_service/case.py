"""A case: alerts of one subject, instrument and family of typologies that an analyst works as one."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from tapewatch.alert import Severity

ALERTS_OF_CASE_MAX = 500
"""A full case takes no more alerts; the next one opens a new case, so that a case stays readable and bounded."""
COMMENTS_OF_CASE_MAX = 500
ATTACHMENTS_OF_CASE_MAX = 100
LINKS_OF_CASE_MAX = 100
TAGS_OF_CASE_MAX = 50
WATCH_TAG = "watch:"
"""Tags that begin so are given by watch lists, not by people."""
ETAG_DIGITS = 16
STEP_ID_DIGITS = 12


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
    KNOWN_BEHAVIOUR = 5


class LinkKind(IntEnum):
    """How a case belongs to another; the numbers are those of the contract."""

    RELATED = 1
    DUPLICATE_OF = 2
    DUPLICATED_BY = 3

    @property
    def seen_from_the_other(self) -> "LinkKind":
        """The kind of the link back."""
        other = {LinkKind.DUPLICATE_OF: LinkKind.DUPLICATED_BY, LinkKind.DUPLICATED_BY: LinkKind.DUPLICATE_OF}
        return other.get(self, self)


@dataclass(frozen=True, slots=True)
class Comment:
    """What someone added to a case, and when (nanoseconds since the Unix epoch, UTC)."""

    author: str
    time_ns: int
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Another case that belongs to one, why, and who said so when (nanoseconds since the Unix epoch, UTC)."""

    case_id: str
    number: int
    kind: LinkKind
    reason: str
    author: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file kept with a case; its content is kept by its hash."""

    sha256: str
    name: str
    media_type: str
    size_bytes: int
    author: str = ""
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a case's checklist: what a rule's text asks for, and what was said of it; `time_ns` 0: nothing yet."""

    step_id: str
    rule_id: str
    rule_version: str
    text: str
    done: bool = False
    actor: str = ""
    time_ns: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A proposal to end a case so, waiting for somebody else than `proposer`."""

    disposition: Disposition
    reason: str
    proposer: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Work:
    """What analysts move: state, who works it, how and why it ended, and what is proposed."""

    state: CaseState = CaseState.OPEN
    assignee: str = ""
    disposition: Disposition = Disposition.NONE
    disposition_reason: str = ""
    pending: Pending | None = None


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
    clock_start_time_ns: int
    state_time_ns: int
    close_time_ns: int = 0
    value_at_stake: float = 0.0
    priority_reasons: tuple[str, ...] = ()
    known_behaviour_id: str = ""
    tags: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def watch_lists(self) -> tuple[str, ...]:
        """Watch lists that name its subjects, sorted."""
        return tuple(tag.removeprefix(WATCH_TAG) for tag in self.tags if tag.startswith(WATCH_TAG))

    @property
    def etag(self) -> str:
        """Changes with every change of the case."""
        return etag_of(self.case_id, self.version)


def etag_of(case_id: str, version: int) -> str:
    """The etag of one version of a case."""
    return hashlib.sha256(f"{case_id}/{version}".encode()).hexdigest()[:ETAG_DIGITS]


def step_id_of(rule_id: str, text: str) -> str:
    """The id of a step of a rule's triage: the same in every version that asks for the same."""
    return hashlib.sha256(f"{rule_id}/{text}".encode()).hexdigest()[:STEP_ID_DIGITS]


def case_id_of(first_alert_id: str) -> str:
    """The id of the case an alert opens: 64 hexadecimal digits."""
    return hashlib.sha256(f"case/{first_alert_id}".encode()).hexdigest()
