"""From the session to the application: the bounded inbox, and the hand-on after which a number counts as received."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from tapewatch.fix.codec import Message
from tapewatch.fix.session import Session
from tapewatch.fix.transport.application import Application, Recorder, Reply
from tapewatch.fix.wire.scan import byte_count

INBOX_MESSAGES_MAX = 20_000
INBOX_BYTES_MAX = 16 << 20
BATCH_MESSAGES_MAX = 4_000


@dataclass(frozen=True, slots=True)
class _Begun:
    messages: Sequence[Message]
    task: asyncio.Task[Sequence[Reply]]


class HandOn:
    """Messages of one connection on their way to the application, in sequence.

    An application that says so gets further whole batches while it makes the first ones durable; they are confirmed
    in sequence all the same. ``is_full`` asks the connection to stop reading until ``has_room``. While ``is_held``
    no batch begins.
    """

    def __init__(self, session: Session, application: Application, recorder: Recorder) -> None:
        self.is_held = False
        self._session = session
        self._application = application
        self._recorder = recorder
        self._begun_max: int = getattr(application, "hand_ons_max", 1)
        self._inbox: deque[Sequence[Message]] = deque()
        self._begun: deque[_Begun] = deque()
        self._inbox_count = self._count = self._bytes = 0

    def __len__(self) -> int:
        return self._count

    def add(self, messages: Sequence[Message]) -> None:
        """Takes messages in sequence."""
        self._inbox.append(messages)
        self._inbox_count += len(messages)
        self._count += len(messages)
        self._bytes += byte_count(messages)
        if self._begun:
            self._begin()

    @property
    def is_begun(self) -> bool:
        """Whether the application has a batch that is not confirmed yet."""
        return bool(self._begun)

    @property
    def is_full(self) -> bool:
        """Whether no more should be read."""
        return self._count + self._session.held_count >= INBOX_MESSAGES_MAX or self._bytes >= INBOX_BYTES_MAX

    @property
    def has_room(self) -> bool:
        """Whether reading may go on."""
        count = self._count + self._session.held_count
        return count <= INBOX_MESSAGES_MAX // 2 and self._bytes <= INBOX_BYTES_MAX // 2

    async def next_batch(self) -> Sequence[Reply]:
        """Waits for the next messages to be handed on and confirms them; returns the application's replies.

        They are confirmed once the application has them durably and the recorder has their bytes. Raises what the
        application or the recorder raises, and then nothing is confirmed.
        """
        self._begin()
        if not self._begun:
            return ()
        batch = self._begun[0]
        replies = await batch.task
        self._begun.popleft()
        self._count -= len(batch.messages)
        self._bytes -= byte_count(batch.messages)
        self._session.confirm(batch.messages[-1])
        self._begin()
        return replies

    async def give_up(self) -> None:
        """Cancels what was begun: the peer will send it again."""
        tasks = [batch.task for batch in self._begun]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()  # what ended the first has been raised; the others ended for the same reason

    def _begin(self) -> None:
        """Begins a batch where none is on its way; further ones while the inbox has them whole."""
        while self._inbox and not self.is_held and len(self._begun) < self._begun_max:
            if self._begun and self._inbox_count < BATCH_MESSAGES_MAX:
                return
            messages = self._next_messages()
            self._begun.append(_Begun(messages, asyncio.create_task(self._hand_on(messages))))

    def _next_messages(self) -> Sequence[Message]:
        messages: list[Message] = []
        while self._inbox and len(messages) < BATCH_MESSAGES_MAX:
            run = self._inbox.popleft()
            room = BATCH_MESSAGES_MAX - len(messages)
            if len(run) > room:
                self._inbox.appendleft(run[room:])
            messages += run[:room]
        self._inbox_count -= len(messages)
        return messages

    async def _hand_on(self, messages: Sequence[Message]) -> Sequence[Reply]:
        keeping = asyncio.ensure_future(self._recorder.kept())
        try:
            replies = await self._application.on_messages(self._session.config.source, messages)
            await keeping
        finally:
            keeping.cancel()
        return replies
