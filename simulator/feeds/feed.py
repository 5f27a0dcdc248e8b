"""What a run sends its events to, whatever is behind it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable

from simulator.output import Format
from simulator.report import Report
from simulator.tape import Batch


class FeedKind(Enum):
    """Where events go."""

    FIX = "fix"
    INGEST = "ingest"
    FILE = "file"


class FeedError(Exception):
    """Who gets the events refused some, or is away for good; says who and why."""


class Feed(Protocol):
    """Takes the venue's reports, in order."""

    async def send(self, report: Report) -> None:
        """Take one report; wait while who gets it is slow or away. Raises FeedError, OSError or TimeoutError."""
        ...

    async def flush(self) -> None:
        """Pass on what is held back to be sent together with what comes."""
        ...

    async def drained(self, timeout_s: float) -> None:
        """Return once everything sent so far is safe there; raises TimeoutError, and FeedError where it never will."""
        ...


@runtime_checkable
class BatchFeed(Feed, Protocol):
    """A feed that takes columns too, many times faster, where nothing has to be paced event by event."""

    async def send_batch(self, batch: Batch) -> None:
        """Take some rows; raises as `send` does."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Feed]]
"""Opens the feed; leaving it says that no more comes."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one run's events go: `text` for people, an address or a directory; `directory` where it is files."""

    text: str
    connect: Connect
    directory: Path | None = None


Destinations = dict[FeedKind, Callable[[int, Format], Destination]]
"""By kind, what makes the destination of a session from its number and the format of files."""
