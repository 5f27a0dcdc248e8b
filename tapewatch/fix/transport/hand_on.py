"""From the session to the application: the bounded inbox, and the hand-on after which a number counts as received."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice

from tapewatch.fix.codec import Message
from tapewatch.fix.session import Session
from tapewatch.fix.transport.application import Application, Recorder, Reply
from tapewatch.fix.wire.scan import byte_count

INBOX_MESSAGES_MAX = 20_000
INBOX_BYTES_MAX = 16 << 20
BATCH_MESSAGES_MAX = 10_000


class HandOn:
    """Messages of one connection on their way to the application, in sequence.

    ``is_full`` asks the connection to stop reading until ``has_room``.
    """

    def __init__(self, session: Session, application: Application, recorder: Recorder) -> None:
        self._session = session
        self._application = application
        self._recorder = recorder
        self._inbox: deque[Message] = deque()
        self._inbox_bytes = 0

    def __len__(self) -> int:
        return len(self._inbox)

    def add(self, messages: Sequence[Message]) -> None:
        """Takes messages in sequence."""
        self._inbox.extend(messages)
        self._inbox_bytes += byte_count(messages)

    @property
    def is_full(self) -> bool:
        """Whether no more should be read."""
        count = len(self._inbox) + self._session.held_count
        return count >= INBOX_MESSAGES_MAX or self._inbox_bytes >= INBOX_BYTES_MAX

    @property
    def has_room(self) -> bool:
        """Whether reading may go on."""
        count = len(self._inbox) + self._session.held_count
        return count <= INBOX_MESSAGES_MAX // 2 and self._inbox_bytes <= INBOX_BYTES_MAX // 2

    async def next_batch(self) -> Sequence[Reply]:
        """Hands the next messages on and confirms them; returns the application's replies.

        They are confirmed once the application has them durably and the recorder has their bytes. Raises what the
        application or the recorder raises, and then nothing is confirmed.
        """
        batch = list(islice(self._inbox, BATCH_MESSAGES_MAX))
        keeping = asyncio.ensure_future(self._recorder.kept())
        try:
            replies = await self._application.on_messages(self._session.config.source, batch)
            await keeping
        finally:
            keeping.cancel()
        for _ in batch:
            self._inbox.popleft()
        self._inbox_bytes -= byte_count(batch)
        self._session.confirm(batch[-1])
        return replies
