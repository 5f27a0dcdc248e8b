"""Sessions over a real loopback connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import time

import pytest

from tapewatch.fix.codec import Field, Message, encode
from tapewatch.fix.schedule import Schedule
from tapewatch.fix.session import Session, SessionConfig, SessionEvent
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import (
    HandOnError,
    IgnoringApplication,
    InitiatorSession,
    Reply,
    SessionConnection,
    connection,
    hand_on,
    open_session,
)
from tests.tapewatch.fix.fix_peer import report_fields

US = SessionConfig("FIX.4.4", "US", "THEM", role="acceptor")
THEM = SessionConfig("FIX.4.4", "THEM", "US")


@dataclass
class Recorder(IgnoringApplication):
    """An application that remembers execution ids, may hold the hand-on, fail, or answer."""

    ids: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[Exception] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_open.set()

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        assert session_name == US.source
        await self.is_open.wait()
        if self.failures:
            raise self.failures.pop()
        self.ids += [message.text(17) for message in messages]
        self.batches.append(len(messages))
        return self.replies


@dataclass
class Acceptor:
    port: int
    session: Session
    application: Recorder
    connections: list[SessionConnection]
    runs: "list[asyncio.Task[None]]"
    events: list[str]

    def cut(self) -> None:
        wire = self.connections[-1]._transport
        assert wire is not None
        wire.abort()


@asynccontextmanager
async def acceptor(application: Recorder | None = None) -> AsyncIterator[Acceptor]:
    """One session on an ephemeral port; a connection at a time is the tests' own discipline."""
    session = Session(US, MemoryStore())
    running = Acceptor(0, session, application or Recorder(), [], [], [])
    loop = asyncio.get_running_loop()

    def on_event(_: str, event: SessionEvent) -> None:
        running.events.append(f"{event.kind}: {event.text}")

    def protocol() -> SessionConnection:
        connection = SessionConnection(running.session, running.application, clock_ns, on_event)
        running.connections.append(connection)
        running.runs.append(loop.create_task(connection.run()))
        return connection

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for connection in running.connections:
            connection.close()
        await asyncio.gather(*running.runs, return_exceptions=True)


def clock_ns() -> int:
    return 1_767_603_600_000_000_000


@asynccontextmanager
async def initiator(port: int, store: MemoryStore | None = None) -> AsyncIterator[InitiatorSession]:
    async with open_session("127.0.0.1", port, THEM, store or MemoryStore(), logon_wait_s=5, clock=clock_ns) as session:
        yield session


def ids(count: int) -> list[str]:
    return [f"E{number}" for number in range(count)]


async def until(holds: Callable[[], bool]) -> None:
    """Polls with a deadline."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.001)


async def test_everything_sent_arrives_in_order() -> None:
    async with acceptor() as gateway, initiator(gateway.port) as session:
        numbers = [await session.send("8", report_fields(each)) for each in ids(1000)]
        await session.drained()
        assert numbers == list(range(2, 1002))
        await until(lambda: len(gateway.application.ids) == 1000)
    assert gateway.application.ids == ids(1000)
    assert gateway.session.store.next_inbound == 1004


async def test_many_messages_are_handed_on_in_few_batches() -> None:
    async with acceptor() as gateway, initiator(gateway.port) as session:
        for each in ids(2000):
            await session.send("8", report_fields(each))
        await session.drained()
        await until(lambda: len(gateway.application.ids) == 2000)
    assert len(gateway.application.batches) < 500


async def test_a_cut_line_loses_and_doubles_nothing() -> None:
    async with acceptor() as gateway, initiator(gateway.port) as session:
        for place, each in enumerate(ids(3000)):
            await session.send("8", report_fields(each))
            if place in (500, 1500, 2500):
                gateway.cut()
        await session.drained()
        await until(lambda: len(gateway.application.ids) == 3000)
    assert gateway.application.ids == ids(3000)
    assert len(gateway.connections) >= 3


async def test_what_was_not_handed_on_is_sent_again() -> None:
    application = Recorder(failures=[HandOnError("ingest is away")])
    async with acceptor(application) as gateway, initiator(gateway.port) as session:
        for each in ids(5):
            await session.send("8", report_fields(each))
        await until(lambda: len(application.ids) == 5)
        await session.drained()
    assert application.ids == ids(5)
    assert "refused: messages were not handed on: ingest is away" in gateway.events


async def test_a_fault_of_the_application_is_raised_to_the_owner() -> None:
    application = Recorder(failures=[ZeroDivisionError("a fault of ours")])
    async with acceptor(application) as gateway, initiator(gateway.port) as session:
        await session.send("8", report_fields())
        with pytest.raises(ZeroDivisionError):
            await gateway.runs[0]


async def test_reading_pauses_while_the_hand_on_waits_and_then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_on, "INBOX_MESSAGES_MAX", 50)
    application = Recorder()
    application.is_open.clear()
    async with acceptor(application) as gateway, initiator(gateway.port) as session:
        for each in ids(2000):
            await session.send("8", report_fields(each))
        await until(lambda: not gateway.connections[0].is_reading)
        assert gateway.session.unconfirmed_count < 2000
        assert gateway.session.store.next_inbound == 2
        application.is_open.set()
        await session.drained()
        await until(lambda: len(application.ids) == 2000)
        await until(lambda: gateway.connections[0].is_reading)
    assert application.ids == ids(2000)


async def test_the_application_may_answer() -> None:
    application = Recorder(replies=[("8", report_fields("ANSWER"))])
    heard = Recorder()

    class Hearing(IgnoringApplication):
        async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
            heard.ids += [message.text(17) for message in messages]
            return ()

    async with acceptor(application) as gateway:
        opened = open_session("127.0.0.1", gateway.port, THEM, MemoryStore(), Hearing(), clock=clock_ns)
        async with opened as session:
            await session.send("D", [(11, "C1")])
            await until(lambda: heard.ids == ["ANSWER"])


async def test_a_fault_of_the_initiators_application_ends_its_block() -> None:
    class Faulty(IgnoringApplication):
        async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
            raise ZeroDivisionError("a fault of ours")

    async with acceptor(Recorder(replies=[("8", report_fields("ANSWER"))])) as gateway:

        async def send_for_ever() -> None:
            opened = open_session("127.0.0.1", gateway.port, THEM, MemoryStore(), Faulty(), clock=clock_ns)
            async with opened as session:
                while True:
                    await session.send("D", [(11, "C1")])

        with pytest.raises(ZeroDivisionError):
            await send_for_ever()


async def test_a_gap_of_thousands_is_sent_again_in_batches() -> None:
    store = MemoryStore()
    sender = Session(THEM, store)
    sender.connected(clock_ns())
    for each in ids(3000):
        sender.send("8", report_fields(each), clock_ns())
    async with acceptor() as gateway, initiator(gateway.port, store) as session:
        await session.drained()
        await until(lambda: len(gateway.application.ids) == 3000)
    assert gateway.application.ids == ids(3000)


class FullDisk(MemoryStore):
    """A store that cannot write."""

    def set_next_inbound(self, sequence: int) -> None:
        raise OSError(28, "No space left on device")


async def test_a_store_that_cannot_write_ends_the_run_and_acknowledges_nothing() -> None:
    async with acceptor() as gateway:
        gateway.session = Session(US, FullDisk())
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        head: list[Field] = [(35, "A"), (49, "THEM"), (56, "US"), (34, 1), (52, "20260105-09:00:00")]
        writer.write(encode("FIX.4.4", [*head, (98, 0), (108, 30)]))
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        with pytest.raises(OSError, match="No space left"):
            await gateway.runs[0]
        writer.close()


async def test_a_peer_that_asks_and_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "UNREAD_BYTES_MAX", 1 << 20)
    async with acceptor() as gateway:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1024)
        head: list[Field] = [(49, "THEM"), (56, "US"), (52, "20260105-09:00:00")]
        writer.write(encode("FIX.4.4", [(35, "A"), *head, (34, 1), (98, 0), (108, 30)]))
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for number in range(2, 5000):
                writer.write(encode("FIX.4.4", [(35, "1"), *head, (34, number), (112, "x" * 50_000)]))
                await writer.drain()
        await until(gateway.runs[0].done)
        writer.close()
    assert "refused: the peer leaves 1048576 bytes unread" in gateway.events


async def test_nobody_listening_is_an_error_with_the_address_and_the_reason() -> None:
    with pytest.raises(
        ConnectionError, match=r"expected a FIX logon at 127\.0\.0\.1:1 within 0\.2 s, got no connection"
    ):
        async with open_session("127.0.0.1", 1, THEM, MemoryStore(), logon_wait_s=0.2):
            raise AssertionError("there is no session")


async def test_leaving_the_block_logs_out() -> None:
    async with acceptor() as gateway:
        async with initiator(gateway.port) as session:
            assert session.is_active
        await until(lambda: any(event.startswith("logout") for event in gateway.events))
        await until(gateway.runs[0].done)


async def test_outside_its_hours_an_initiator_does_not_connect_and_does_when_they_begin() -> None:
    hours = Schedule(start=time(10), end=time(11))
    now_ns = [clock_ns()]  # nine o'clock
    async with acceptor() as gateway:
        config = replace(THEM, schedule=hours, sending_time_tolerance_s=0)
        session = InitiatorSession("127.0.0.1", gateway.port, config, MemoryStore(), clock=lambda: now_ns[0])
        running = asyncio.create_task(session.run())
        with pytest.raises(ConnectionError, match="got nothing"):
            await session.logged_on(0.6)
        assert gateway.connections == []
        gateway.session.config = replace(US, sending_time_tolerance_s=0)
        now_ns[0] += 3_600_000_000_000
        await session.logged_on(30)
        await session.logout()
        await running


class FailingSync(MemoryStore):
    """A store whose disk fails at the next sync."""

    def begin_sync(self) -> Callable[[], None] | None:
        def fail() -> None:
            raise OSError(5, "Input/output error")

        return fail


async def test_a_sync_that_fails_in_its_thread_ends_the_run() -> None:
    async with acceptor() as gateway, initiator(gateway.port):
        gateway.session.store = FailingSync()
        with pytest.raises(OSError, match="Input/output error"):
            await asyncio.wait_for(gateway.runs[0], 30)
