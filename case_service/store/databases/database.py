"""What the store asks of a database: transactions of one writer, snapshots of readers, and what its errors mean."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from tapewatch.runtime.errors import ServiceError

Result = TypeVar("Result")
RETRY_AFTER_MS = 1_000


class Database(Protocol):
    """A database that is open. Its calls block: they run in the store's threads, never on the event loop."""

    @property
    def name(self) -> str:
        """What people call it in messages; holds no secret."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What `write` and `read` raise of their own, beside what the work raises."""

    def prepare(self, work: Callable[[Connection], Result]) -> Result:
        """Connect, become the only writer, and run the first transaction (migrations: it may take long).

        Raises StartError when the database cannot be used or another service writes to it.
        """

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction; when this returns, what it wrote is on disk. One thread calls this."""

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one snapshot that cannot write. At most as many threads as there are readers call this."""

    def refusal(self, error: Exception) -> ServiceError | None:
        """What callers are told of an error that passes by itself, is the database's damage, or their own value's.

        None for all others, which end the service.

        After an error with a refusal nothing of its transaction was acknowledged, and the next one may be tried.
        """

    def tidy(self) -> None:
        """Let the database learn how its values are spread, so that it answers filters the short way."""

    def close(self) -> None:
        """Let go of it; nothing runs any more."""
