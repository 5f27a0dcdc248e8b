"""Reads FIX logs as found in the wild: any prefix, delimiter or line split, gz, both directions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tapewatch.fix.codec import Message
from tapewatch.fix.profile import Profile


@dataclass(slots=True)
class LogReport:
    """What was read and what was not: counts by message type, by event kind and by reason."""

    messages: int = 0
    messages_by_type: Counter[str] = field(default_factory=Counter)
    events_by_kind: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    garbled: Counter[str] = field(default_factory=Counter)
    bad_checksum: int = 0
    bad_length: int = 0


@dataclass(frozen=True, slots=True)
class LogItem:
    """One message of a log: its event rows (tapewatch.market columns) or the note why there are none."""

    message: Message
    rows: list[dict[str, object]]
    note: str | None


class LogReader(Iterator[LogItem]):
    """Iterates the items of a log; ``report`` is complete once it is exhausted."""

    report: LogReport


def read_log(path: Path, profile: Profile | None = None) -> LogReader:
    """Opens a log (plain or gz); the profile defaults to ``log``. Raises OSError when unreadable."""
    raise NotImplementedError
