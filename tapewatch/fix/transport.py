"""FIX sessions over asyncio: a thin shell around the sans-IO session, for initiators and acceptors alike."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from tapewatch.fix.codec import Field, Message
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import SessionStore

Reply = tuple[str, Iterable[Field]]


class Application(Protocol):
    """What takes the messages of a session: hand-on is done when ``on_messages`` returns."""

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Takes messages in sequence; returns business replies (msg_type, fields), usually none.

        The inbound sequence number is stored only after this returned; raise to drop the connection.
        """
        ...


class InitiatorSession:
    """A session we opened. It reconnects by itself and the peer asks for what it missed."""

    async def send(self, msg_type: str, fields: Iterable[Field]) -> int:
        """Sends one application message and returns its MsgSeqNum; waits while logged out or the peer is slow.

        ``fields`` are (tag, value) pairs in wire order without 8, 9, 35, 49, 56, 34, 52 and 10; a value is str, int,
        float (shortest decimal text), bytes or bool (Y/N).
        """
        raise NotImplementedError

    async def drained(self, timeout_s: float = 30.0) -> None:
        """Returns when the peer answered a TestRequest sent after everything before it; raises TimeoutError."""
        raise NotImplementedError


@asynccontextmanager
async def open_session(
    host: str, port: int, config: SessionConfig, store: SessionStore, application: Application | None = None
) -> AsyncIterator[InitiatorSession]:
    """Connects, logs on and yields the session; logs out and closes at the end of the block."""
    raise NotImplementedError
    yield
