"""What a connection talks to: the application that takes its messages, the recorder of its bytes, the clock."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from tapewatch.fix.codec import Field, Message
from tapewatch.fix.session import Session, SessionEvent

Reply = tuple[str, Iterable[Field]]
Clock = Callable[[], int]
EventSink = Callable[[str, SessionEvent], None]


class HandOnError(Exception):
    """The application could not hand messages on: the connection ends and the peer will send them again."""


class Application(Protocol):
    """What takes the messages of a session: the hand-on is done when ``on_messages`` returns.

    One that has an attribute ``hand_ons_max`` above 1 is handed so many batches of a session at once: the later are
    begun, in sequence, before the earlier have returned.
    """

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Takes messages in sequence; returns business replies (msg_type, fields), usually none.

        ``session_name`` is the source, ``FIX.4.4:THEM->US``. The inbound number is stored only after this returned;
        raise HandOnError to end the connection with the messages not counted as received.
        """
        ...

    async def on_logon(self, session_name: str) -> None:
        """The session is logged on; called before its messages."""
        ...

    async def on_logout(self, session_name: str) -> None:
        """The peer logged out in good order and everything it sent is handed on. Called at no other end."""
        ...


class IgnoringApplication:
    """Takes everything and answers nothing: for sessions that only send."""

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Ignores the messages."""
        return ()

    async def on_logon(self, session_name: str) -> None:
        """Does nothing."""

    async def on_logout(self, session_name: str) -> None:
        """Does nothing."""


class Recorder(Protocol):
    """Keeps the raw bytes of a session. Whole buffers, called in the order in which things happen; never waits."""

    def connected(self, session: Session, peer: str, time_ns: int) -> None:
        """A connection begins, with the session's numbers as they are."""
        ...

    def received(self, data: bytes, time_ns: int) -> None:
        """Bytes came in, before the session has seen them."""
        ...

    def sent(self, data: bytes, time_ns: int) -> None:
        """Bytes go out, before the socket has them."""
        ...

    def happened(self, event: SessionEvent, time_ns: int) -> None:
        """Something worth a line in the log."""
        ...

    async def kept(self) -> None:
        """Returns once everything recorded before this call survives the death of the process."""
        ...


class NoRecorder:
    """Keeps nothing."""

    def connected(self, session: Session, peer: str, time_ns: int) -> None:
        """Does nothing."""

    def received(self, data: bytes, time_ns: int) -> None:
        """Does nothing."""

    def sent(self, data: bytes, time_ns: int) -> None:
        """Does nothing."""

    def happened(self, event: SessionEvent, time_ns: int) -> None:
        """Does nothing."""

    async def kept(self) -> None:
        """Does nothing."""
