"""A pin: what is kept, or to be kept, for a case; and the window of event time it covers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from case_service.case import Case
from case_service.evidence.settings import EvidenceSettings

NANOSECONDS_OF_SECOND = 1_000_000_000
EVENTS, OPENING, CONTEXT = "events.parquet", "opening.json", "context.json"


class PinState(IntEnum):
    """How far it is; the numbers are those of the contract."""

    PENDING = 1
    PINNED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a pin, in the vault."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Window:
    """Event time from (inclusive) and to (exclusive), nanoseconds since the Unix epoch, UTC."""

    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinning of a case; `alert_count` is how many alerts the case had. Times by the service's clock."""

    case_number: int
    revision: int
    state: PinState
    window: Window
    alert_count: int
    attempts: int = 0
    problem: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict)
    manifest_sha256: str = ""
    events: int = 0
    pin_time_ns: int = 0
    opening_is_whole: bool = False
    asked_by: str = ""
    reason: str = ""


def window_of(
    start_ns: int, end_ns: int, settings: EvidenceSettings, before_s: float | None = None, after_s: float | None = None
) -> Window:
    """The window around events from a time to another (both inclusive)."""
    before = settings.before_s if before_s is None else before_s
    after = settings.after_s if after_s is None else after_s
    from_ns = max(0, start_ns - round(before * NANOSECONDS_OF_SECOND))
    return Window(from_ns, end_ns + round(after * NANOSECONDS_OF_SECOND) + 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to gather for a pin: the case as it stands and the window."""

    case: Case
    pin: Pin
    alert_revisions: Mapping[str, int]
    rule_versions: Mapping[str, tuple[str, str]]
    """Rule to the version and configuration digest of its newest alert."""
