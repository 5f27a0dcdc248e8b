"""The inbound half of a session: which number comes next, what waits to be handed on, and what came early."""

from collections import deque

from tapewatch.fix.codec import Message
from tapewatch.fix.session.gap import Gap
from tapewatch.fix.store import SessionStore


class Inbound:
    """Numbers of what comes. ``expected`` is the next; it is stored only below what was not handed on yet."""

    def __init__(self, store: SessionStore, gap_queue_max: int) -> None:
        self.gap = Gap(gap_queue_max)
        self._outstanding: deque[tuple[int, int]] = deque()  # first number and the one behind the last, by run
        self.expected = store.next_inbound
        self._store = store

    def begin_again(self) -> None:
        """Forgets what was not confirmed: it will be asked for again."""
        self.gap.clear()
        self._outstanding.clear()
        self.expected = self._store.next_inbound

    def advance(self, following: int) -> None:
        """Everything below ``following`` has come."""
        self.expected = following
        self._save()

    def deliver(self, count: int) -> None:
        """The next ``count`` numbers are of messages that go to the application now."""
        first = self.expected
        if self._outstanding and self._outstanding[-1][1] == first:
            first = self._outstanding.pop()[0]
        self.expected += count
        self._outstanding.append((first, self.expected))

    def confirm(self, sequence: int) -> None:
        """What was delivered up to this number was handed on."""
        while self._outstanding and self._outstanding[0][0] <= sequence:
            _, end = self._outstanding.popleft()
            if end > sequence + 1:
                self._outstanding.appendleft((sequence + 1, end))
        self._save()

    @property
    def outstanding_count(self) -> int:
        """How many delivered numbers wait for `confirm`."""
        return sum(end - first for first, end in self._outstanding)

    def take_early(self) -> Message | None:
        """The message whose turn it is now, where it came early; passes over numbers answered before their turn."""
        while self.gap.take_answered(self.expected):
            self.advance(self.expected + 1)
        return self.gap.take(self.expected)

    def _save(self) -> None:
        self._store.set_next_inbound(self._outstanding[0][0] if self._outstanding else self.expected)
