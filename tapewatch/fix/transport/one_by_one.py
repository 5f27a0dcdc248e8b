"""For applications that take one message at a time: ``on_message(session_name, message) -> replies``."""

from collections.abc import Awaitable, Iterable, Sequence
from inspect import isawaitable
from typing import Protocol, cast

from tapewatch.fix.codec import Message
from tapewatch.fix.session import business_reject
from tapewatch.fix.session.rejects import UNSUPPORTED_TEXT, UNSUPPORTED_TYPE
from tapewatch.fix.transport.application import Application, IgnoringApplication, Reply

Replies = Iterable[Reply] | None


class UnsupportedMessageError(Exception):
    """Raised by ``on_message`` for a type the application does not take: the answer is a BusinessMessageReject."""


class MessageApplication(Protocol):
    """What takes messages one at a time. It may have ``on_logon`` and ``on_logout`` of an Application too."""

    def on_message(self, session_name: str, message: Message) -> Replies | Awaitable[Replies]:
        """Takes a message; returns business replies (msg_type, fields) or nothing, at once or awaited."""
        ...


class OneByOne(IgnoringApplication):
    """Hands messages one at a time to an application, and its replies on together."""

    def __init__(self, application: MessageApplication) -> None:
        self._application = application

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Asks for the replies to each message."""
        return [reply for message in messages for reply in await self._replies(session_name, message)]

    async def on_logon(self, session_name: str) -> None:
        """Tells an application that wants to know."""
        await self._tell("on_logon", session_name)

    async def on_logout(self, session_name: str) -> None:
        """Tells an application that wants to know."""
        await self._tell("on_logout", session_name)

    async def _replies(self, session_name: str, message: Message) -> Iterable[Reply]:
        try:
            answered = self._application.on_message(session_name, message)
            replies = await answered if isawaitable(answered) else answered
        except UnsupportedMessageError:
            return [business_reject(message, UNSUPPORTED_TYPE, UNSUPPORTED_TEXT)]
        return replies or ()

    async def _tell(self, what: str, session_name: str) -> None:
        listener = getattr(self._application, what, None)
        told = listener(session_name) if listener is not None else None
        if isawaitable(told):
            await told


def as_application(application: Application | MessageApplication | None) -> Application:
    """An application as connections want it: none ignores everything, one with ``on_message`` is asked one by one."""
    if application is None:
        return IgnoringApplication()
    if hasattr(application, "on_messages"):
        return cast(Application, application)
    return OneByOne(application)
