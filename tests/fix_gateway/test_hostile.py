"""Whoever talks nonsense: bounded memory and time, a precise line in the log, and a neighbour who notices nothing."""

import asyncio
import contextlib
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.drop_copy import DropCopyApplication
from fix_gateway.metrics import GatewayMetrics
from fix_gateway.refusal import Refusal
from fix_gateway.settings import FixSettings
from tapewatch.fix.codec import Field, encode, format_timestamp
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session import SessionConfig, SessionEvent
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import InitiatorSession, open_session
from tests.fix_gateway.fakes import FakeIngest
from tests.tapewatch.fix.fix_peer import report_fields

NEIGHBOUR = SessionConfig("FIX.4.4", "VENUE", "US")
ENEMY = "ENEMY"
SEED = 20_260_105
NONSENSE_BYTES = 5 << 18
MEMORY_BYTES_MAX = 8 << 20
DEADLINE_S = 30.0


class Attacked:
    """An acceptor with a working neighbour, and what was said about the rest."""

    def __init__(self, acceptor: Acceptor, neighbour: InitiatorSession, ingest: FakeIngest, said: list[str]) -> None:
        self.acceptor = acceptor
        self.said = said
        self.refusals: Counter[str] = Counter()
        self._neighbour = neighbour
        self._ingest = ingest
        self._sent = 0

    async def neighbour_works(self) -> None:
        """A report of the neighbour is taken within a second."""
        self._sent += 1
        async with asyncio.timeout(DEADLINE_S):
            await self._neighbour.send("8", report_fields(f"N{self._sent}"))
            while f"N{self._sent}" not in self._ingest.executions():  # noqa: ASYNC110  # has no event
                await asyncio.sleep(0.001)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits while the neighbour goes on working."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await self.neighbour_works()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.acceptor.port)

    async def receives(self, data: bytes) -> None:
        """Sends all of it, however little of it is read."""
        _, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            for start in range(0, len(data), 65_536):
                writer.write(data[start : start + 65_536])
                await asyncio.wait_for(writer.drain(), DEADLINE_S)
        writer.close()


@asynccontextmanager
async def attacked(folder: Path, **more: object) -> AsyncIterator[Attacked]:
    ingest, said = FakeIngest(), list[str]()
    sessions = [
        {"sender": "US", "target": "VENUE"},
        {"sender": "US", "target": ENEMY, "profile": "fix44", "messages_a_second_max": more.pop("rate", 0)},
    ]
    settings = FixSettings.model_validate({"listen": "127.0.0.1:0", "store": folder, "sessions": sessions, **more})
    refusals: Counter[str] = Counter()

    def on_event(name: str, event: SessionEvent) -> None:
        said.append(f"{name} {event.text}")
        if isinstance(event, Refusal):
            refusals[event.reason] += 1

    profiles = {f"FIX.4.4:{name}->US": load_profile("fix44") for name in ("VENUE", ENEMY)}
    application = DropCopyApplication(ingest, profiles, GatewayMetrics(CollectorRegistry()), time.time_ns)
    async with await serve(settings, application, on_event=on_event) as acceptor:
        opened = open_session("127.0.0.1", acceptor.port, NEIGHBOUR, MemoryStore(), logon_wait_s=30)
        async with opened as neighbour:
            found = Attacked(acceptor, neighbour, ingest, said)
            found.refusals = refusals
            yield found


def logon(name: str = ENEMY) -> bytes:
    return encode("FIX.4.4", [*head("A", 1, name), (98, 0), (108, 30)])


def head(msg_type: str, sequence: int, name: str = ENEMY) -> list[Field]:
    stamp = format_timestamp(time.time_ns())
    return [(35, msg_type), (49, name), (56, "US"), (34, sequence), (52, stamp)]


def nonsense(kind: str) -> bytes:
    """A megabyte of it and a little more than a message may have."""
    if kind == "random bytes":
        return random.Random(SEED).randbytes(NONSENSE_BYTES)
    start = {
        "no SOH": b"8=FIX.4.4",
        "a length of a gigabyte": b"8=FIX.4.4\x019=999999999\x0135=A\x01",
        "an endless tag": b"8=FIX.4.4\x019=50\x0135=A\x01" + b"1" * 500,
        "starts only": b"8=FIX.4.4\x019=5\x01",
    }[kind]
    return start * (NONSENSE_BYTES // len(start)) if kind == "starts only" else start + b"1" * NONSENSE_BYTES


KINDS = ["random bytes", "no SOH", "a length of a gigabyte", "an endless tag", "starts only"]


@pytest.mark.parametrize("kind", KINDS)
async def test_nonsense_before_a_logon_is_cut_off_within_64_kilobytes(tmp_path: Path, kind: str) -> None:
    async with attacked(tmp_path) as victim:
        await victim.neighbour_works()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(3):
            await victim.receives(nonsense(kind))
        await victim.until(lambda: victim.refusals["logon_bytes"] + victim.refusals["not_a_logon"] == 3)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - before < MEMORY_BYTES_MAX + 3 * NONSENSE_BYTES  # the nonsense itself, as we hold it here
        reasons = ("no Logon in the first 65536 bytes", "what came first is no FIX message")
        assert any(f"? connection from 127.0.0.1: {reason}" in victim.said for reason in reasons)


@pytest.mark.parametrize("kind", KINDS)
async def test_nonsense_after_a_logon_is_counted_as_garbled_and_ends_that_session_only(
    tmp_path: Path, kind: str
) -> None:
    async with attacked(tmp_path) as victim:
        await victim.receives(logon() + nonsense(kind) + b"\x01" + nonsense(kind))
        garbled = f"FIX.4.4:{ENEMY}->US "
        await victim.until(lambda: any(each.startswith(garbled) and "garbled" in each for each in victim.said))
        await victim.until(lambda: len(victim.acceptor._live) == 1)
        await victim.neighbour_works()


async def test_who_never_logs_on_is_closed_in_time(tmp_path: Path) -> None:
    async with attacked(tmp_path, logon_timeout_s=0.5) as victim:
        reader, writer = await victim.connect()
        writer.write(logon()[:40])
        begun_s = time.monotonic()
        assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
        assert time.monotonic() - begun_s > 0.4
        writer.close()
        assert victim.refusals == {"logon_timeout": 1}
        assert victim.said[-1] == "? connection from 127.0.0.1: no Logon in time"
        await victim.neighbour_works()


async def test_a_thousand_idle_connections_leave_room_for_the_neighbour_and_go_away(tmp_path: Path) -> None:
    async with attacked(tmp_path, connections_an_address_max=300, logon_timeout_s=3.0) as victim:
        writers = []
        for _ in range(1000):
            with contextlib.suppress(ConnectionError):
                writers.append((await victim.connect())[1])
        await victim.until(lambda: victim.refusals["connections_an_address"] >= 700)
        await victim.until(lambda: victim.refusals["logon_timeout"] == 299)
        assert victim.acceptor.door.gate_count == 1
        for writer in writers:
            writer.close()
        await victim.neighbour_works()


async def test_a_flood_of_connections_from_an_address_is_slowed_to_its_rate(tmp_path: Path) -> None:
    async with attacked(tmp_path, logons_an_address_a_minute_max=60) as victim:
        for _ in range(100):
            await victim.receives(b"")
        await victim.until(lambda: victim.refusals["logon_rate"] >= 30)
        assert "? connection from 127.0.0.1: more than 60 connections a minute from there" in victim.said


async def test_wrong_comp_ids_are_named(tmp_path: Path) -> None:
    async with attacked(tmp_path) as victim:
        for name in ("STRANGER", "A" * 5000, "\x02\x1b[31m"):
            await victim.receives(logon(name))
        await victim.until(lambda: victim.refusals["unknown_session"] == 3)
        assert "? connection from 127.0.0.1: no session FIX.4.4:STRANGER->US is configured" in victim.said
        assert max(map(len, victim.said)) < 1000


async def test_a_second_logon_of_a_live_session_is_refused_by_name(tmp_path: Path) -> None:
    async with attacked(tmp_path) as victim:
        await victim.receives(logon("VENUE"))
        await victim.until(lambda: victim.refusals["logged_on"] == 1)
        assert any("FIX.4.4:VENUE->US is logged on already, from 127.0.0.1:" in each for each in victim.said)


async def test_a_flood_of_messages_is_read_at_the_rate_allowed_and_loses_nothing(tmp_path: Path) -> None:
    async with attacked(tmp_path, rate=2000) as victim:
        reader, writer = await victim.connect()
        begun_s = time.monotonic()
        messages = [encode("FIX.4.4", [*head("8", 2 + number), *report_fields(f"F{number}")]) for number in range(6000)]
        writer.write(logon() + b"".join(messages))
        await victim.until(lambda: "F5999" in victim._ingest.executions())
        assert time.monotonic() - begun_s >= 1.5
        assert any("throttled: sends too fast" in each for each in victim.said)
        floods = [each for each in victim._ingest.executions() if str(each).startswith("F")]
        assert floods == [f"F{number}" for number in range(6000)]
        writer.close()
        await asyncio.wait_for(reader.read(), DEADLINE_S)


async def test_a_flood_of_test_requests_is_answered_without_holding_anybody_up(tmp_path: Path) -> None:
    async with attacked(tmp_path) as victim:
        reader, writer = await victim.connect()
        writer.write(logon() + b"".join(encode("FIX.4.4", [*head("1", 2 + n), (112, str(n))]) for n in range(5000)))
        reading = asyncio.create_task(reader.readuntil(b"\x01112=4999\x01"))
        await victim.until(reading.done)
        with contextlib.suppress(asyncio.LimitOverrunError):
            await reading
        writer.close()
