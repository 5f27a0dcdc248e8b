"""A wire between two FIX engines that can lose messages and be cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from tapewatch.fix.codec import Framer, Message

READ_BYTES = 1 << 16
Loses = Callable[[Message], bool]


class Wire:
    """Listens on `port` and joins each connection to another port; whole messages go through, or are lost.

    `to_listener` and `from_listener` say which messages are lost, each direction by itself.
    """

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.lost: list[str] = []
        self.to_listener: Loses = lambda _: False
        self.from_listener: Loses = lambda _: False
        self._target_port = target_port
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begins to listen."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts and stops listening."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Aborts every connection, with whatever is under way."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, far_writer]
        for moving in (self._pass_on(reader, far_writer), self._pass_back(far_reader, writer)):
            task = asyncio.create_task(moving)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(reader, writer, lambda message: self.to_listener(message))  # noqa: PLW0108 - may be set later

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pass(reader, writer, lambda message: self.from_listener(message))  # noqa: PLW0108 - the same

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, loses: Loses) -> None:
        framer = Framer()
        with contextlib.suppress(OSError):
            async for data in _pieces(reader):
                for item in framer.feed(data):
                    assert isinstance(item, Message), f"an engine sent garbled bytes: {item}"
                    if loses(item):
                        self.lost.append(f"{item.get(49)} {item.sequence}")
                    else:
                        writer.write(item.raw)
                await writer.drain()
        writer.close()


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(READ_BYTES):
        yield data


def once_each(*numbers: int) -> Loses:
    """Loses the reports of the executions with these numbers (E1 is 1), the first time they come."""
    left = {f"E{number}" for number in numbers}

    def loses(message: Message) -> bool:
        execution = message.get(17)
        if execution not in left:
            return False
        left.discard(execution)
        return True

    return loses
