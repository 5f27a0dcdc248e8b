"""Whether the peer lives: heartbeats when we are quiet, a TestRequest when it is, and when to give it up."""

from typing import Literal

from tapewatch.fix.session_config import SECOND_NS

TEST_REQUEST_FACTOR = 1.2
SILENCE_FACTOR = 2.4

Due = Literal["nothing", "heartbeat", "test request", "end"]


class Liveness:
    """Times of what was heard. ``is_paused``: we do not read, so silence is our doing."""

    def __init__(self) -> None:
        self.heartbeat_ns = 0
        self.heard_ns = 0
        self.is_paused = False
        self._is_asked = False

    def connected(self, now_ns: int) -> None:
        """A connection begins."""
        self.heard_ns = now_ns
        self.is_paused = self._is_asked = False

    def heard(self, now_ns: int) -> None:
        """A message came."""
        self.heard_ns = now_ns
        self._is_asked = False

    def due(self, now_ns: int, sent_ns: int) -> Due:
        """What is to be done now. While a TestRequest is open no heartbeat is sent."""
        if self.heartbeat_ns == 0:
            return "nothing"
        silent_ns = 0 if self.is_paused else now_ns - self.heard_ns
        if silent_ns >= self.heartbeat_ns * SILENCE_FACTOR:
            return "end"
        if silent_ns >= self.heartbeat_ns * TEST_REQUEST_FACTOR and not self._is_asked:
            self._is_asked = True
            return "test request"
        if now_ns - sent_ns >= self.heartbeat_ns and (self.is_paused or not self._is_asked):
            return "heartbeat"
        return "nothing"

    def silence_s(self, now_ns: int) -> int:
        """How long the peer has been silent."""
        return (now_ns - self.heard_ns) // SECOND_NS
