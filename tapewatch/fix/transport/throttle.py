"""How fast a peer may send: beyond it, reading waits, so that nothing is lost and others are not disturbed."""

SECOND_NS = 1_000_000_000
TRAILER = b"\x0110="


class Throttle:
    """A bucket of one second's messages. Messages are counted by their trailers, garbled ones included."""

    def __init__(self, messages_a_second_max: int) -> None:
        self._rate = messages_a_second_max
        self._room = float(messages_a_second_max)
        self._time_ns = 0
        self._tail = b""

    def wait_s(self, data: bytes, now_ns: int) -> float:
        """Takes what was read; returns how long not to read, 0.0 while the peer keeps within its rate."""
        if not self._rate:
            return 0.0
        seen = self._tail + data
        self._tail = seen[1 - len(TRAILER) :]
        passed_s = max(0, now_ns - self._time_ns) / SECOND_NS
        self._time_ns = now_ns
        self._room = min(self._rate, self._room + passed_s * self._rate) - seen.count(TRAILER)
        return max(0.0, -self._room / self._rate)
