"""What we miss: the messages that came early, and the one open request for those before them."""

from tapewatch.fix.codec import Message

QUEUE_BYTES_MAX = 64 << 20
NONE = 1 << 62


class Gap:
    """The inbound gap: messages that came early, kept up to a limit, and the one open request for the missing.

    What is beyond the limit is forgotten and asked for again when its turn comes.
    """

    def __init__(self, queue_max: int) -> None:
        self._queue_max = queue_max
        self._queue: dict[int, Message] = {}
        self._answered: set[int] = set()
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
        return self.requested_to == 0 and not self._queue and not self._answered and self.highest_seen < expected

    def clear(self) -> None:
        """Forgets everything, as at the end of a connection."""
        self._queue.clear()
        self._answered.clear()
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

    def keep_answered(self, sequence: int) -> None:
        """Notes a message that came early and was answered at once: its turn will be passed over."""
        self.see(sequence)
        if len(self._answered) < self._queue_max:
            self._answered.add(sequence)

    def take_answered(self, sequence: int) -> bool:
        """Whether the message with this number was answered before its turn."""
        if sequence not in self._answered:
            return False
        self._answered.discard(sequence)
        return True

    def take(self, sequence: int) -> Message | None:
        """The kept message with this number, if any."""
        message = self._queue.pop(sequence, None)
        if message is not None:
            self._queue_bytes -= len(message.raw)
        return message

    def request(self, expected: int, chunk: int) -> tuple[int, int]:
        """Opens a request; returns BeginSeqNo and the last number wanted. Counts repeats of the same request."""
        self.attempts = self.attempts + 1 if expected == self.requested_from else 1
        last = min(min(self._queue, default=NONE), min(self._answered, default=NONE), self.highest_seen + 1) - 1
        last = max(last, expected)
        self.requested_from = expected
        self.requested_to = min(last, expected + chunk - 1) if chunk else last
        return expected, self.requested_to

    def settle(self, expected: int) -> bool:
        """Closes a request that was answered; tells whether more is missing and must be asked for."""
        if expected <= self.requested_to:
            return False
        self.requested_to = 0
        self._answered = {sequence for sequence in self._answered if sequence >= expected}
        for early in [sequence for sequence in self._queue if sequence < expected]:
            self.take(early)
        return expected <= self.highest_seen
