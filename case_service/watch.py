"""Following changes from a cursor: each watcher reads the store at its own pace, so a slow one holds no memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from tapewatch.runtime.errors import InvalidArgument, OutOfRange, Unavailable

WATCH_ROWS_MAX = 200
CURSOR_DIGITS_MAX = 18
RETRY_AFTER_MS = 500


class Changed(Protocol):
    """Something with the number of its last change."""

    @property
    def change_sequence(self) -> int:
        """Rises with every change in the store."""


ChangedType = TypeVar("ChangedType", bound=Changed, covariant=True)


class Changes(Protocol[ChangedType]):
    """Some changes in order, and whether there are more behind them."""

    @property
    def items(self) -> Sequence[ChangedType]:
        """The changes."""

    @property
    def more(self) -> bool:
        """Whether there are more."""


class Bell:
    """The number of the last committed change, and a way to wait for a later one."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.closed = False
        self._rung = asyncio.Event()

    def ring(self, position: int) -> None:
        """Say that changes up to a number are committed."""
        if position > self.position:
            self.position = position
            self._wake()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self.closed = True
        self._wake()

    async def wait_beyond(self, position: int) -> None:
        """Wait for a change beyond a number, or the close."""
        while self.position <= position and not self.closed:
            await self._rung.wait()

    def _wake(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()


def parse_cursor(cursor: str, head: int) -> int | None:
    """The number a cursor stands for, None for an empty one.

    Raises InvalidArgument for another text and OutOfRange for one beyond the last change (`head`).
    """
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS_MAX):
        raise InvalidArgument(
            "INVALID_CURSOR",
            f"cursor: expected the cursor of a response, empty or 0, found {cursor[:40]!r}",
            field="cursor",
        )
    if int(cursor) > head:
        raise OutOfRange(
            "CURSOR_BEYOND_END",
            f"cursor: expected at most {head}, the last change, found {cursor}; the store is another or was restored: "
            "begin again from 0",
            field="cursor",
        )
    return int(cursor)


async def watch(
    bell: Bell, read: Callable[[int, int], Awaitable[Changes[ChangedType]]], position: int
) -> AsyncIterator[ChangedType]:
    """Changes after a number, in order, for ever; one changed again before it was read comes once, as it is then.

    Raises Unavailable when the bell is closed, so that the caller resumes elsewhere or later.
    """
    while not bell.closed:
        committed = bell.position
        changes = await read(position, WATCH_ROWS_MAX)
        for each in changes.items:
            yield each
            position = each.change_sequence
        if not changes.more:
            position = max(position, committed)
            await bell.wait_beyond(position)
    raise Unavailable(
        "SERVICE_STOPS", "the service stops; resume from the last cursor seen", retry_after_ms=RETRY_AFTER_MS
    )
