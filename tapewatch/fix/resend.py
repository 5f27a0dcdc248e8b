"""Both halves of gap recovery: what we ask for and queue meanwhile, and what we send again."""

from collections.abc import Callable, Iterator

from tapewatch.fix.codec import Field, Message, encode, read_message
from tapewatch.fix.store import SessionStore

Head = Callable[[str, int], list[Field]]

QUEUE_BYTES_MAX = 64 << 20
REWRITTEN_TAGS = frozenset({8, 9, 10, 43, 52, 122})


class Gap:
    """The inbound gap: messages that came early, kept up to a limit, and the one open request for the missing.

    What is beyond the limit is forgotten and asked for again when its turn comes.
    """

    def __init__(self, queue_max: int) -> None:
        self._queue_max = queue_max
        self._queue: dict[int, Message] = {}
        self._queue_bytes = 0
        self.highest_seen = 0
        self.requested_to = 0
        self.requested_from = 0
        self.attempts = 0

    @property
    def is_requested(self) -> bool:
        """Whether a request is open."""
        return self.requested_to > 0

    def is_idle(self, expected: int) -> bool:
        """Whether nothing is missing and nothing waits."""
        return self.requested_to == 0 and not self._queue and self.highest_seen < expected

    def clear(self) -> None:
        """Forgets everything, as at the end of a connection."""
        self._queue.clear()
        self._queue_bytes = 0
        self.highest_seen = self.requested_to = self.requested_from = self.attempts = 0

    def see(self, sequence: int) -> None:
        """Notes that the peer has used a number."""
        self.highest_seen = max(self.highest_seen, sequence)

    def keep(self, message: Message, sequence: int) -> None:
        """Keeps a message that came early, while there is room."""
        self.see(sequence)
        has_room = len(self._queue) < self._queue_max and self._queue_bytes < QUEUE_BYTES_MAX
        if has_room and sequence not in self._queue:
            self._queue[sequence] = message
            self._queue_bytes += len(message.raw)

    def take(self, sequence: int) -> Message | None:
        """The kept message with this number, if any."""
        message = self._queue.pop(sequence, None)
        if message is not None:
            self._queue_bytes -= len(message.raw)
        return message

    def request(self, expected: int, chunk: int) -> tuple[int, int]:
        """Opens a request; returns BeginSeqNo and the last number wanted. Counts repeats of the same request."""
        self.attempts = self.attempts + 1 if expected == self.requested_from else 1
        last = min(self._queue, default=self.highest_seen + 1) - 1
        last = max(last, expected)
        self.requested_from = expected
        self.requested_to = min(last, expected + chunk - 1) if chunk else last
        return expected, self.requested_to

    def settle(self, expected: int) -> bool:
        """Closes a request that was answered; tells whether more is missing and must be asked for."""
        if expected <= self.requested_to:
            return False
        self.requested_to = 0
        for early in [sequence for sequence in self._queue if sequence < expected]:
            self.take(early)
        return expected <= self.highest_seen


def resend(store: SessionStore, first: int, last: int, begin_string: str, head: Head) -> Iterator[bytes]:
    """Writes the messages first..last again, lazily: business ones as PossDup, the rest as SequenceReset-GapFill.

    ``head(msg_type, sequence)`` gives the header fields 35, 49, 56, 34, 52 at the moment of sending.
    """
    cursor = first
    for sequence, raw in store.outbound(first, last):
        if sequence > cursor:
            yield _gap_fill(begin_string, head, cursor, sequence)
        yield _again(read_message(raw), begin_string, head, sequence)
        cursor = sequence + 1
    if cursor <= last:
        yield _gap_fill(begin_string, head, cursor, last + 1)


def _gap_fill(begin_string: str, head: Head, sequence: int, following: int) -> bytes:
    fields = head("4", sequence)
    sent = dict(fields)[52]
    return encode(begin_string, [*fields, (43, "Y"), (122, sent), (123, "Y"), (36, following)])


def _again(message: Message, begin_string: str, head: Head, sequence: int) -> bytes:
    fields = head(message.msg_type, sequence)
    fresh = {tag for tag, _ in fields} | REWRITTEN_TAGS
    body: list[Field] = [(tag, value.encode("latin-1")) for tag, value in message.fields if tag not in fresh]
    first_sent = message.values.get(52, "").encode("latin-1")
    return encode(begin_string, [*fields, (43, "Y"), (122, first_sent), *body])
