"""What a FIX session is told (SessionConfig) and what it answers (SessionOutput)."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from tapewatch.fix.codec import MESSAGE_BYTES_MAX, Message
from tapewatch.fix.schedule import Schedule

BEGIN_STRINGS = ("FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIXT.1.1")
EventKind = Literal[
    "logon", "logout", "garbled", "gap", "resend", "reject", "refused", "reset", "audit", "timeout", "flag"
]
SECOND_NS = 1_000_000_000


class State(Enum):
    """Where a session stands."""

    DISCONNECTED = "disconnected"
    AWAITING_LOGON = "awaiting logon"
    ACTIVE = "active"
    LOGOUT_SENT = "logout sent"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Who talks to whom and how; ``sender`` (49 on what we send) is always us, ``target`` the other side.

    ``mode``: strict answers as the standard's session tests want, ingest records what it can and flags it.
    ``heartbeat_s``: what an initiator proposes (an acceptor takes the peer's). ``application_version``: tag 1137, for
    FIXT.1.1. ``reset_on_logon``, ``reset_on_logout``, ``reset_on_disconnect``: numbers begin at 1 again then.
    ``send_next_expected``: send 789. ``resends``: the peer answers a ResendRequest; where not, a gap is noted and
    passed over. ``resend_chunk``: messages a ResendRequest asks for at once, 0 for all.
    ``sending_time_tolerance_s``: 0 for any. ``schedule``: when the session is open, and begins anew.

    For strict mode: ``user_tags`` of the session's own, or ``any_user_tag`` of 5000 and above, are no reason to reject;
    ``message_types``: those the application takes, others are answered with a BusinessMessageReject; None for all.
    """

    begin_string: str
    sender: str
    target: str
    role: Literal["acceptor", "initiator"] = "initiator"
    heartbeat_s: int = 30
    application_version: str = "9"
    reset_on_logon: bool = False
    reset_on_logout: bool = False
    reset_on_disconnect: bool = False
    schedule: Schedule | None = None
    mode: Literal["strict", "ingest"] = "ingest"
    user_tags: frozenset[int] = frozenset()
    any_user_tag: bool = False
    message_types: frozenset[str] | None = None
    send_next_expected: bool = False
    resends: bool = True
    username: str = ""
    password: str = field(default="", repr=False)
    sending_time_tolerance_s: int = 120
    timestamp_digits: int = 3
    resend_chunk: int = 0
    resend_attempts_max: int = 3
    gap_queue_max: int = 10_000
    logon_timeout_s: int = 10
    logout_timeout_s: int = 10
    message_bytes_max: int = MESSAGE_BYTES_MAX

    def __post_init__(self) -> None:
        """Raises ValueError with what is wrong."""
        if self.begin_string not in BEGIN_STRINGS:
            raise ValueError(f"begin_string: expected one of {', '.join(BEGIN_STRINGS)}, found {self.begin_string!r}")
        if not self.sender or not self.target:
            raise ValueError("sender and target: expected two CompIDs, found an empty one")
        if self.heartbeat_s < 0:
            raise ValueError(f"heartbeat_s: expected 0 or more, found {self.heartbeat_s}")

    @property
    def source(self) -> str:
        """The name of the inbound flow, as event rows carry it: ``FIX.4.4:THEM->US``."""
        return source_name(self.begin_string, self.target, self.sender)

    @property
    def envelope(self) -> tuple[str, str, str, int]:
        """What every message of the peer has: BeginString, sender, target; and how far its time may be off, in ns."""
        return self.begin_string, self.target, self.sender, self.sending_time_tolerance_s * SECOND_NS

    @property
    def is_strict(self) -> bool:
        """Whether the session answers as the standard's session tests want."""
        return self.mode == "strict"

    @property
    def is_transport_only(self) -> bool:
        """Whether the application's version travels apart (FIXT)."""
        return self.begin_string.startswith("FIXT")


def source_name(begin_string: str, sender: str, target: str) -> str:
    """The name of the flow of messages from one side to the other."""
    return f"{begin_string}:{sender}->{target}"


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something for the log: ``kind`` is one word of a small set, ``text`` the sentence."""

    kind: EventKind
    text: str


@dataclass(slots=True)
class SessionOutput:
    """What came of a step: messages for the application in sequence, bytes to send, whether to hang up."""

    messages: list[Message] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    disconnect: bool = False
    events: list[SessionEvent] = field(default_factory=list)
