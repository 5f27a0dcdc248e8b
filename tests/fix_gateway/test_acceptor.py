"""The gateway over a real loopback: initiator, acceptor, file stores, and ingest played by a fake."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from prometheus_client import CollectorRegistry

from fix_gateway import gate
from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.drop_copy import DropCopyApplication
from fix_gateway.initiator import connect
from fix_gateway.metrics import GatewayMetrics
from fix_gateway.settings import FixSessionSettings, FixSettings
from fix_gateway.store import open_store
from tapewatch.fix.codec import Field, Framer, Message, encode, format_timestamp
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session import SessionConfig, SessionEvent
from tapewatch.fix.store import FileStore, MemoryStore, SessionStore, StoreError
from tapewatch.fix.transport import IgnoringApplication, InitiatorSession, Reply, connection, hand_on, open_session
from tests.fix_gateway.fakes import FakeIngest
from tests.tapewatch.fix.fix_peer import report_fields

VENUE = SessionConfig("FIX.4.4", "VENUE", "US")
VENUE_KEY = ("FIX.4.4", "US", "VENUE")
SOURCE = "FIX.4.4:VENUE->US"


def settings_at(folder: Path, *sessions: FixSessionSettings, **more: object) -> FixSettings:
    listed = sessions or (FixSessionSettings(sender="US", target="VENUE"),)
    return FixSettings.model_validate({"listen": "127.0.0.1:0", "store": folder, "sessions": listed, **more})


def drop_copy(ingest: FakeIngest) -> DropCopyApplication:
    profiles = {SOURCE: load_profile("fix44")}
    return DropCopyApplication(ingest, profiles, GatewayMetrics(CollectorRegistry()), time.time_ns)


@asynccontextmanager
async def gateway(folder: Path, ingest: FakeIngest, events: list[str] | None = None) -> AsyncIterator[Acceptor]:
    seen = [] if events is None else events

    def on_event(_: str, event: SessionEvent) -> None:
        seen.append(f"{event.kind}: {event.text}")

    async with await serve(settings_at(folder), drop_copy(ingest), on_event=on_event) as acceptor:
        yield acceptor


@asynccontextmanager
async def venue(port: int, store: SessionStore | None = None) -> AsyncIterator[InitiatorSession]:
    async with open_session("127.0.0.1", port, VENUE, store or MemoryStore(), logon_wait_s=10) as session:
        yield session


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.001)


def logon(sender: str = "VENUE", target: str = "US", begin_string: str = "FIX.4.4", sequence: int = 1) -> bytes:
    head: list[Field] = [(35, "A"), (49, sender), (56, target), (34, sequence), (52, format_timestamp(time.time_ns()))]
    return encode(begin_string, [*head, (98, 0), (108, 30)])


async def exchange(port: int, data: bytes) -> bytes:
    """Sends bytes and reads until the gateway hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_reports_become_events_durable_at_ingest(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port) as session:
        await session.send("8", report_fields("E1"))
        await session.send("8", report_fields("E2", t150="F", t31="10.5", t32="5"))
        await until(lambda: len(ingest.rows) == 2)
    assert [(row["kind"], row["source"], row["source_sequence"]) for row in ingest.rows] == [
        ("NEW", SOURCE, 2),
        ("FILL", SOURCE, 3),
    ]
    assert all(row["receive_time_ns"] for row in ingest.rows)


async def test_the_numbers_survive_a_restart_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    ingest, venue_store = FakeIngest(), MemoryStore()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port, venue_store) as session:
        for number in range(100):
            await session.send("8", report_fields(f"E{number}"))
        await session.drained()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port, venue_store) as session:
        assert venue_store.next_outbound > 100
        for number in range(100, 200):
            await session.send("8", report_fields(f"E{number}"))
        await until(lambda: len(ingest.rows) == 200)
    assert ingest.executions() == [f"E{number}" for number in range(200)]
    assert ingest.published_count == 200


async def test_a_venue_that_logs_out_ends_its_source_behind_all_it_sent_and_starts_it_at_its_next_logon(
    tmp_path: Path,
) -> None:
    ingest, venue_store = FakeIngest(), MemoryStore()
    async with gateway(tmp_path, ingest) as acceptor:
        async with venue(acceptor.port, venue_store) as session:
            for number in range(100):
                await session.send("8", report_fields(f"E{number}"))
        await until(lambda: len(ingest.marks) == 2)
        async with venue(acceptor.port, venue_store):
            await until(lambda: len(ingest.marks) == 3)
    marks = [f"start {SOURCE} after 0", f"end {SOURCE} after 100", f"start {SOURCE} after 100"]
    assert ingest.marks[:3] == marks


async def test_neither_a_broken_line_nor_a_gateway_that_stops_ends_a_source(tmp_path: Path) -> None:
    ingest, venue_store = FakeIngest(), MemoryStore()
    async with contextlib.AsyncExitStack() as stopping:
        acceptor = await stopping.enter_async_context(gateway(tmp_path, ingest))
        async with venue(acceptor.port, venue_store) as session:
            await session.send("8", report_fields("E1"))
            await session.drained()
            acceptor._live[VENUE_KEY].close()
            await session.drained()
            await stopping.aclose()
    assert [each.split()[0] for each in ingest.marks] == ["start", "start"]


async def test_a_logout_with_messages_missing_before_it_ends_no_source(tmp_path: Path) -> None:
    ingest = FakeIngest()
    head: list[Field] = [(49, "VENUE"), (56, "US"), (52, format_timestamp(time.time_ns()))]
    async with gateway(tmp_path, ingest) as acceptor:
        await exchange(acceptor.port, logon() + encode("FIX.4.4", [(35, "5"), *head, (34, 9)]))
        await until(lambda: not acceptor._live)
    assert not any(each.startswith("end") for each in ingest.marks)


async def test_what_ingest_had_not_acknowledged_when_the_gateway_died_comes_again(tmp_path: Path) -> None:
    ingest, venue_store = FakeIngest(), MemoryStore()
    ingest.is_open.clear()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port, venue_store) as session:
        for number in range(50):
            await session.send("8", report_fields(f"E{number}"))
        await session.drained()
        assert ingest.rows == []
    ingest.is_open.set()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port, venue_store) as session:
        await until(lambda: len(ingest.rows) == 50)
        await session.drained()
    assert ingest.executions() == [f"E{number}" for number in range(50)]


async def test_a_disconnect_in_mid_stream_loses_and_doubles_nothing(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port) as session:
        for number in range(2000):
            await session.send("8", report_fields(f"E{number}"))
            if number % 500 == 250:
                await until(lambda: len(acceptor._live) == 1)
                acceptor._live[VENUE_KEY].close()
        await session.drained()
        await until(lambda: len(ingest.rows) == 2000)
    assert ingest.executions() == [f"E{number}" for number in range(2000)]


async def test_heartbeats_go_on_while_ingest_is_away(tmp_path: Path) -> None:
    ingest = FakeIngest()
    ingest.is_open.clear()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port) as session:
        for number in range(100):
            await session.send("8", report_fields(f"E{number}"))
        await session.drained()
        assert ingest.rows == []
        ingest.is_open.set()
        await until(lambda: len(ingest.rows) == 100)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (logon(sender="STRANGER"), "no session FIX.4.4:STRANGER->US is configured"),
        (logon(target="OTHERS"), "no session FIX.4.4:VENUE->OTHERS is configured"),
        (logon(begin_string="FIX.4.2"), "no session FIX.4.2:VENUE->US is configured"),
        (encode("FIX.4.4", [(35, "0"), (49, "VENUE"), (56, "US"), (34, 1)]), "expected a Logon first, found 35=0"),
        (b"GET / HTTP/1.1\r\n" * 5000, "what came first is no FIX message"),
    ],
    ids=("stranger", "another target", "another version", "a heartbeat first", "another protocol"),
)
async def test_who_may_not_log_on_is_left_without_a_word_and_noted(tmp_path: Path, data: bytes, said: str) -> None:
    events: list[str] = []
    async with gateway(tmp_path, FakeIngest(), events) as acceptor:
        with contextlib.suppress(ConnectionResetError):  # what it still had to say was not read
            assert await exchange(acceptor.port, data) == b""
    assert said in events[-1]


async def test_a_second_logon_of_a_live_session_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    ingest, events = FakeIngest(), list[str]()
    async with gateway(tmp_path, ingest, events) as acceptor, venue(acceptor.port) as session:
        assert await exchange(acceptor.port, logon()) == b""
        assert "is logged on already" in events[-1]
        await session.send("8", report_fields())
        await until(lambda: len(ingest.rows) == 1)


async def logged_on_again(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A line that was cut behind a report ingest does not take, and the one that came behind it."""
    _, cut = await asyncio.open_connection("127.0.0.1", port)
    now = format_timestamp(time.time_ns())
    report = encode("FIX.4.4", [(35, "8"), (49, "VENUE"), (56, "US"), (34, 2), (52, now), *report_fields("E1")])
    cut.write(logon() + report)
    await cut.drain()
    cut.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    return reader, writer


async def test_who_comes_back_waits_until_what_came_before_is_handed_on(tmp_path: Path) -> None:
    ingest, events = FakeIngest(), list[str]()
    ingest.is_open.clear()
    async with gateway(tmp_path, ingest, events) as acceptor:
        reader, writer = await logged_on_again(acceptor.port)
        await until(lambda: acceptor.seats[0].connection is not None and acceptor.seats[0].connection.is_closed)
        writer.write(logon(sequence=3))
        await writer.drain()
        await until(lambda: any(each._waiting is not None for each in acceptor.door._gates))
        ingest.is_open.set()
        assert b"\x0135=A\x01" in await reader.read(1000)
        writer.close()
        await writer.wait_closed()
    assert ingest.executions() == ["E1"]
    assert not any("logged on already" in event for event in events)


async def test_who_comes_back_is_refused_where_what_came_before_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "WAIT_FOR_SESSION_MAX_S", 0.01)
    ingest, events = FakeIngest(), list[str]()
    ingest.is_open.clear()
    async with gateway(tmp_path, ingest, events) as acceptor:
        reader, writer = await logged_on_again(acceptor.port)
        await until(lambda: acceptor.seats[0].connection is not None and acceptor.seats[0].connection.is_closed)
        writer.write(logon(sequence=3))
        assert await reader.read(1000) == b""
        assert "is still being handed on" in events[-1]
        writer.close()
        await writer.wait_closed()


async def test_too_many_connections_from_an_address_are_refused(tmp_path: Path) -> None:
    events: list[str] = []
    settings = settings_at(tmp_path, connections_an_address_max=2)
    async with await serve(settings, on_event=lambda _, event: events.append(event.text)) as acceptor:
        held = [await asyncio.open_connection("127.0.0.1", acceptor.port) for _ in range(2)]
        with contextlib.suppress(ConnectionResetError):
            assert await exchange(acceptor.port, logon()) == b""
        assert events == ["connection from 127.0.0.1: 2 connections are open from there, the most there may be"]
        for _, each in held:
            each.close()


class Echo(IgnoringApplication):
    """Sends every message back."""

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        return [(each.msg_type, [(11, each.text(11)), (55, each.text(55))]) for each in messages]


@pytest.mark.parametrize(
    ("begin_string", "target", "extra"),
    [("FIX.4.2", "TW42", []), ("FIX.4.4", "TW44", []), ("FIXT.1.1", "TW50SP2", [(1137, "9")])],
)
async def test_a_strict_session_with_an_echo_works_byte_by_byte(
    tmp_path: Path, begin_string: Literal["FIX.4.2", "FIX.4.4", "FIXT.1.1"], target: str, extra: list[Field]
) -> None:
    session = FixSessionSettings(
        begin_string=begin_string, sender="ISLD", target=target, mode="strict", reset_on_logon=True
    )
    head: list[Field] = [(49, target), (56, "ISLD"), (52, format_timestamp(time.time_ns()))]
    data = encode(begin_string, [(35, "A"), *head, (34, 1), (98, 0), (108, 30), *extra])
    order: list[Field] = [(11, "C1"), (21, "1"), (40, "1"), (54, "1"), (55, "ABC"), (60, head[2][1])]
    data += encode(begin_string, [(35, "D"), *head, (34, 2), *order])
    data += encode(begin_string, [(35, "1"), *head, (34, 3), (112, "TEST")])
    async with await serve(settings_at(tmp_path, session), Echo()) as acceptor:
        reader, writer = await asyncio.open_connection("127.0.0.1", acceptor.port)
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
        framer, answers = Framer(), list[Message]()
        while len(answers) < 3:
            answers += [item for item in framer.feed(await reader.read(1000)) if isinstance(item, Message)]
        writer.close()
    assert [each.sequence for each in answers] == [1, 2, 3]
    assert [each.msg_type for each in answers] == ["A", "D", "0"]
    assert {each.get(1137) for each in answers if each.msg_type == "A"} == {"9" if extra else None}


async def test_an_application_may_echo_what_it_gets(tmp_path: Path) -> None:
    heard: list[str] = []

    class Hearing(IgnoringApplication):
        async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
            heard.extend(each.text(11) for each in messages)
            return ()

    async with await serve(settings_at(tmp_path), Echo()) as acceptor:
        opened = open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), Hearing())
        async with opened as session:
            await session.send("D", [(11, "C1"), (55, "ABC")])
            await until(lambda: heard == ["C1"])


async def test_we_may_be_the_one_who_connects(tmp_path: Path) -> None:
    ingest = FakeIngest()
    theirs = FixSessionSettings(sender="VENUE", target="US")

    class Venue(IgnoringApplication):
        async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
            return [("8", report_fields("E1"))]

    async with await serve(settings_at(tmp_path / "theirs", theirs), Venue()) as acceptor:
        address = f"127.0.0.1:{acceptor.port}"
        ours = FixSessionSettings(sender="US", target="VENUE", role="initiator", connect=address)
        async with await connect(settings_at(tmp_path / "ours", ours), drop_copy(ingest)) as initiators:
            await initiators.sessions[SOURCE].send("H", [(11, "C1")])
            await until(lambda: ingest.executions() == ["E1"])


async def test_a_port_in_use_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    async with await serve(settings_at(tmp_path / "one")) as acceptor:
        taken = settings_at(tmp_path / "two", listen=f"127.0.0.1:{acceptor.port}")
        with pytest.raises(OSError, match=rf"cannot listen for FIX on 127.0.0.1:{acceptor.port}: .*fix\.listen"):
            await serve(taken)


async def test_a_store_in_use_is_refused(tmp_path: Path) -> None:
    async with await serve(settings_at(tmp_path)):
        with pytest.raises(StoreError, match="another process holds it"):
            await serve(settings_at(tmp_path))


def test_a_store_directory_has_no_name_that_leads_elsewhere(tmp_path: Path) -> None:
    store = open_store(tmp_path, SessionConfig("FIX.4.4", "../../etc", "a/b"))
    assert isinstance(store, FileStore)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["FIX.4.4+..%2F..%2Fetc+a%2Fb"]


async def test_hundreds_of_sessions_at_once_get_all_their_reports_through(tmp_path: Path) -> None:
    count = 200
    names = [f"V{number}" for number in range(count)]
    sessions = [FixSessionSettings(sender="US", target=name) for name in names]
    taken: Counter[str] = Counter()

    class Counting(IgnoringApplication):
        async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
            taken[session_name] += len(messages)
            return ()

    def memory_store(_: SessionConfig) -> SessionStore:
        return MemoryStore()

    settings = settings_at(tmp_path, *sessions, connections_an_address_max=count)
    async with AsyncExitStack() as stack:
        acceptor = await stack.enter_async_context(await serve(settings, Counting(), stores=memory_store))
        for name in names:
            config = SessionConfig("FIX.4.4", name, "US")
            opened = open_session("127.0.0.1", acceptor.port, config, MemoryStore(), logon_wait_s=30)
            session = await stack.enter_async_context(opened)
            for number in range(3):
                await session.send("8", report_fields(f"{name}-{number}"))
        await until(lambda: taken.total() == 3 * count)
    assert taken == {f"FIX.4.4:{name}->US": 3 for name in names}


async def test_heartbeats_go_on_while_reading_is_paused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a heartbeat of a second, a peer hangs up after 2.4 s of silence; ours holds out longer than that."""
    monkeypatch.setattr(hand_on, "INBOX_MESSAGES_MAX", 50)
    ingest, config = FakeIngest(), replace(VENUE, heartbeat_s=1)
    ingest.is_open.clear()
    async with AsyncExitStack() as stack:
        acceptor = await stack.enter_async_context(gateway(tmp_path, ingest))
        opened = open_session("127.0.0.1", acceptor.port, config, MemoryStore(), logon_wait_s=30)
        session = await stack.enter_async_context(opened)
        for number in range(3000):
            await session.send("8", report_fields(f"E{number}"))
        theirs, ours = acceptor._live[VENUE_KEY], session.connection
        assert ours is not None
        await until(lambda: not theirs.is_reading)
        begun = theirs.traffic.sent_bytes
        await until(lambda: theirs.traffic.sent_bytes - begun > 4 * 60)  # four heartbeats
        assert (session.connection, ours.is_closed, theirs.is_closed) == (ours, False, False)
        assert not theirs.is_reading
        ingest.is_open.set()
        await until(lambda: len(ingest.rows) == 3000)
    assert ingest.executions() == [f"E{number}" for number in range(3000)]


async def test_a_venue_whose_line_broke_may_come_back_while_ingest_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "DRAIN_AFTER_CLOSE_S", 0.1)
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor, venue(acceptor.port) as session:
        await session.drained()
        ingest.is_open.clear()
        for number in range(100):
            await session.send("8", report_fields(f"E{number}"))
        await session.drained()
        first = acceptor._live[VENUE_KEY]
        first.close()
        await until(lambda: VENUE_KEY in acceptor._live and acceptor._live[VENUE_KEY] is not first)
        await session.drained()
        assert ingest.rows == []
        ingest.is_open.set()
        await until(lambda: len(ingest.rows) == 100)
    assert ingest.executions() == [f"E{number}" for number in range(100)]
