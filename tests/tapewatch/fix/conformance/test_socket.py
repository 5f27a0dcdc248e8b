"""A sample of the behaviours over a real connection, through ``serve`` with an application plugged in."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.settings import FixSessionSettings, FixSettings
from tapewatch.fix.codec import Field, Framer, Message, encode, format_timestamp
from tapewatch.fix.transport import (
    Application,
    IgnoringApplication,
    MessageApplication,
    Reply,
    UnsupportedMessageError,
)
from tests.tapewatch.fix.conformance.counterparty import VERSIONS, Delivery, Echo, Version, raw

DEADLINE_S = 30


class EchoApplication(IgnoringApplication):
    """Answers as the suite's echo does; forgets at every logon."""

    def __init__(self) -> None:
        self._echo = Echo()

    async def on_logon(self, session_name: str) -> None:
        self._echo = Echo()

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        return [reply for message in messages for reply in self._echo.answer(message)]


class Line:
    """One connection as one of the counterparties."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: Version, size: int) -> None:
        self._reader, self._writer, self._size = reader, writer, size
        self.version = version
        self._framer = Framer()
        self._answers: list[Message] = []
        self.number = 1

    def message(self, kind: str, *body: Field, number: int | None = None, **changes: Any) -> bytes:
        if number is None:
            number, self.number = self.number, self.number + 1
        sent = format_timestamp(time.time_ns(), 0)
        head: dict[int, Any] = {35: kind, 34: number, 49: self.version.target, 52: sent, 56: "ISLD"}
        head |= {int(name[1:]): value for name, value in changes.items()}
        return raw(self.version.begin_string, [*head.items(), *body])

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), self._size):
            self._writer.write(data[start : start + self._size])
            await self._writer.drain()

    async def logon(self) -> None:
        version = [(1137, "9")] if self.version.is_fixt else []
        await self.write(self.message("A", (98, 0), (108, 30), *cast(list[Field], version)))
        assert (await self.read()).msg_type == "A"

    async def read(self) -> Message:
        async with asyncio.timeout(DEADLINE_S):
            while not self._answers:
                data = await self._reader.read(4096)
                assert data, "expected an answer, found the end of the connection"
                self._answers += [item for item in self._framer.feed(data) if isinstance(item, Message)]
        return self._answers.pop(0)

    async def read_end(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            with contextlib.suppress(ConnectionResetError):
                assert await self._reader.read() == b""
        assert not self._answers


@asynccontextmanager
async def gateway(folder: Path, application: Application | MessageApplication | None = None) -> AsyncIterator[Acceptor]:
    sessions = [
        FixSessionSettings(
            begin_string=cast(Any, version.begin_string),
            sender="ISLD",
            target=version.target,
            mode="strict",
            reset_on_logon=True,
        )
        for version in VERSIONS
    ]
    settings = FixSettings(listen="127.0.0.1:0", store=folder, sessions=tuple(sessions))
    async with await serve(settings, application or EchoApplication()) as acceptor:
        yield acceptor


@asynccontextmanager
async def line(acceptor: Acceptor, version: Version, delivery: Delivery) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", acceptor.port)
    try:
        yield Line(reader, writer, version, 1 if delivery == "single bytes" else 1 << 20)
    finally:
        writer.close()


def order() -> list[Field]:
    return [(11, "ID"), (21, "3"), (40, "1"), (54, "1"), (55, "INTC"), (60, format_timestamp(time.time_ns(), 0))]


async def test_over_a_socket_a_session_echoes_resends_rejects_and_logs_out(
    tmp_path: Path, version: Version, delivery: Delivery
) -> None:
    async with gateway(tmp_path) as acceptor, line(acceptor, version, delivery) as peer:
        await peer.logon()
        await peer.write(peer.message("D", *order()) + peer.message("1", (112, "A")))
        echoed, beat = await peer.read(), await peer.read()
        assert (echoed.msg_type, echoed.get(11), beat.get(112)) == ("D", "ID", "A")
        await peer.write(peer.message("D", *order(), t97="Y") + peer.message("2", (7, 2), (16, 2)))
        again = await peer.read()
        assert (again.msg_type, again.sequence, again.get(43)) == ("D", 2, "Y")
        await peer.write(peer.message("0", (999, "HI")))
        assert [(await peer.read()).get(tag) for tag in (371,)] == ["999"]
        await peer.write(peer.message("5"))
        assert (await peer.read()).msg_type == "5"
        await peer.read_end()


class OneAtATime:
    """An application that is asked for each message, and takes orders only."""

    def on_message(self, session_name: str, message: Message) -> list[Reply]:
        if message.msg_type != "D":
            raise UnsupportedMessageError
        return [("D", [(11, message.text(11)), (58, session_name)])]


async def test_over_a_socket_an_application_may_take_one_message_at_a_time(
    tmp_path: Path, version: Version, delivery: Delivery
) -> None:
    async with gateway(tmp_path, OneAtATime()) as acceptor, line(acceptor, version, delivery) as peer:
        await peer.logon()
        cancel: list[Field] = [(41, "ID"), (11, "ID2"), (55, "INTC"), (54, "1"), (60, format_timestamp(time.time_ns()))]
        await peer.write(peer.message("D", *order()) + peer.message("F", *cancel))
        echoed, refused = await peer.read(), await peer.read()
        assert (echoed.msg_type, echoed.get(11)) == ("D", "ID")
        assert echoed.text(58) == f"{version.begin_string}:{version.target}->ISLD"
        assert [refused.get(tag) for tag in (35, 45, 58, 372, 380)] == ["j", "3", "Unsupported Message Type", "F", "3"]


async def test_over_a_socket_a_session_may_log_on_again_at_once(
    tmp_path: Path, version: Version, delivery: Delivery
) -> None:
    async with gateway(tmp_path) as acceptor:
        for _ in range(3):
            async with line(acceptor, version, delivery) as peer:
                await peer.logon()
                await peer.write(peer.message("0", number=0))
                assert (await peer.read()).text(58) == "MsgSeqNum too low, expecting 2 but received 0"
                await peer.read_end()


async def test_over_a_socket_a_second_connection_of_a_live_session_is_closed(
    tmp_path: Path, version: Version, delivery: Delivery
) -> None:
    async with gateway(tmp_path) as acceptor, line(acceptor, version, delivery) as first:
        await first.logon()
        async with line(acceptor, version, delivery) as second:
            await second.write(second.message("A", (98, 0), (108, 30), (1137, "9")))
            await second.read_end()
        await first.write(first.message("5"))
        assert (await first.read()).msg_type == "5"
        await first.read_end()


@pytest.mark.parametrize("kind", ["garbled", "unknown", "no logon", "other version"])
async def test_over_a_socket_what_is_no_logon_of_a_session_is_closed_without_a_word(
    tmp_path: Path, version: Version, delivery: Delivery, kind: str
) -> None:
    async with gateway(tmp_path) as acceptor, line(acceptor, version, delivery) as peer:
        message = {
            "garbled": peer.message("A", (98, 0), (108, 30), (1137, "9")).replace(b"\x019=", b"\x019=4\x01"),
            "unknown": peer.message("A", (98, 0), (108, 30), t49="WT"),
            "no logon": peer.message("0"),
            "other version": encode("FIX.3.9", [(35, "A"), (49, version.target), (56, "ISLD"), (34, 1)]),
        }[kind]
        with contextlib.suppress(ConnectionError):
            await peer.write(message)
        await peer.read_end()
