"""The raw audit log of real sessions: whole, starred, chained, mapped again to the same events."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.audit.block import Entry, EntryKind
from fix_gateway.audit.log import AUDIT_FOLDER, AuditTrail
from fix_gateway.audit.reading import entries, verify
from fix_gateway.audit.replay import replayed
from fix_gateway.settings import AuditSettings, FixSettings
from fix_gateway.store import session_directory
from tapewatch.fix.mapping import Row, map_message
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import open_session
from tapewatch.runtime.errors import StartError
from tests.fix_gateway.fakes import FakeIngest
from tests.fix_gateway.test_acceptor import SOURCE, drop_copy, until
from tests.tapewatch.fix.fix_peer import report_fields

VENUE = SessionConfig("FIX.4.4", "VENUE", "US", username="venue", password="s3cret")
SEGMENT_BYTES = 1 << 20


def settings_at(folder: Path) -> FixSettings:
    session = {"sender": "US", "target": "VENUE", "username": "venue", "password": "s3cret"}
    return FixSettings.model_validate({"listen": "127.0.0.1:0", "store": folder, "sessions": [session]})


@asynccontextmanager
async def gateway(folder: Path, ingest: FakeIngest, retention_bytes: int | None = None) -> AsyncIterator[Acceptor]:
    settings = settings_at(folder)
    audit = AuditSettings(segment_bytes=SEGMENT_BYTES, retention_bytes=retention_bytes)
    async with AuditTrail(folder, audit, time.time_ns) as trail, AsyncExitStack() as stack:
        await trail.open([settings.sessions[0].config()])
        yield await stack.enter_async_context(await serve(settings, drop_copy(ingest), recorders=trail.recorder))


async def reports(port: int, store: MemoryStore, first: int, last: int, **changes: str) -> None:
    async with open_session("127.0.0.1", port, VENUE, store, logon_wait_s=30) as session:
        for number in range(first, last):
            await session.send("8", report_fields(f"E{number}", **changes))
        await session.drained()


def directory_of(folder: Path) -> Path:
    return session_directory(folder, settings_at(folder).sessions[0].config()) / AUDIT_FOLDER


def stated(row: Mapping[str, object]) -> dict[str, object]:
    """A row without what is null and the moment it was received in."""
    return {name: value for name, value in row.items() if value is not None and name != "receive_time_ns"}


def mapped_again(folder: Path) -> list[Row]:
    profile, config = load_profile("fix44"), settings_at(folder).sessions[0].config()
    found = replayed(entries(directory_of(folder)), config)
    return [row for each in found for row in map_message(each.message, profile, SOURCE, each.time_ns)[0]]


def has_rows(ingest: FakeIngest, count: int) -> bool:
    return len(ingest.rows) == count


def bytes_of(found: list[Entry], kind: EntryKind) -> bytes:
    return b"".join(each.data for each in found if each.kind is kind)


async def test_every_byte_is_kept_and_gives_the_same_events_again(tmp_path: Path) -> None:
    ingest, store = FakeIngest(), MemoryStore()
    for first in (0, 300):
        async with gateway(tmp_path, ingest) as acceptor:
            await reports(acceptor.port, store, first, first + 300)
            await until(partial(has_rows, ingest, first + 300))
    assert list(map(stated, mapped_again(tmp_path))) == list(map(stated, ingest.rows))
    proof = verify(directory_of(tmp_path))
    assert (proof.problem, proof.first_entry) == ("", 0)


async def test_no_secret_reaches_the_log(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor:
        await reports(acceptor.port, MemoryStore(), 0, 3, t95="4", t96="r\x01w!")
        await until(lambda: len(ingest.rows) == 3)
    kept = b"".join(path.read_bytes() for path in directory_of(tmp_path).iterdir())
    assert b"s3cret" not in kept
    assert b"\x01554=******\x01" in kept
    assert b"\x0195=4\x0196=****\x01" in kept


async def test_what_is_confirmed_was_kept_first(tmp_path: Path) -> None:
    """What a killed gateway had counted as received is in its log, without any orderly end."""
    async with AsyncExitStack() as stack:
        acceptor = await stack.enter_async_context(gateway(tmp_path, FakeIngest()))
        opened = open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), logon_wait_s=30)
        session = await stack.enter_async_context(opened)
        for number in range(50):
            await session.send("8", report_fields(f"E{number}"))
        seat = acceptor.seats[0]
        await until(lambda: seat.session.store.next_inbound == 52)
        found = bytes_of(list(entries(directory_of(tmp_path))), EntryKind.RECEIVED)
    assert [f"\x0117=E{number}\x01".encode() in found for number in range(50)] == [True] * 50


async def test_notes_say_who_connected_with_which_numbers(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor:
        await reports(acceptor.port, MemoryStore(), 0, 1)
        await until(lambda: len(ingest.rows) == 1)
    notes = [each.data.decode() for each in entries(directory_of(tmp_path)) if each.kind is EntryKind.NOTE]
    assert '"what": "connected", "peer": "127.0.0.1:' in notes[0]
    assert '"next_inbound": 1, "next_outbound": 1}' in notes[0]
    assert any('"what": "logout"' in note for note in notes)


async def test_who_claims_to_be_a_counterparty_and_is_refused_stands_in_its_log(tmp_path: Path) -> None:
    async with gateway(tmp_path, FakeIngest()) as acceptor:
        opened = open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), logon_wait_s=30)
        async with opened:
            with pytest.raises(ConnectionError):
                async with open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), logon_wait_s=0.2):
                    raise AssertionError("logged on twice")
    notes = bytes_of(list(entries(directory_of(tmp_path))), EntryKind.NOTE).decode()
    assert '"text": "connection from 127.0.0.1: FIX.4.4:VENUE->US is logged on already, from 127.0.0.1:' in notes


async def test_the_log_is_bounded_by_whole_segments_and_still_proven(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest, retention_bytes=2 * SEGMENT_BYTES) as acceptor:
        store = MemoryStore()
        async with open_session("127.0.0.1", acceptor.port, VENUE, store, logon_wait_s=30) as session:
            for number in range(7000):
                await session.send("8", report_fields(f"E{number}", t58="x" * 900))
            await session.drained()
            await until(lambda: len(ingest.rows) == 7000)
    proof = verify(directory_of(tmp_path))
    assert proof.problem == ""
    assert proof.first_entry > 0
    size = sum(path.stat().st_size for path in directory_of(tmp_path).glob("*.segment"))
    assert size < 5 * SEGMENT_BYTES


async def written(folder: Path) -> Path:
    ingest, store = FakeIngest(), MemoryStore()
    for first in (0, 10, 20):
        async with gateway(folder, ingest) as acceptor:
            await reports(acceptor.port, store, first, first + 10)
            await until(partial(has_rows, ingest, first + 10))
    return next(directory_of(folder).glob("*.segment"))


async def test_a_changed_byte_is_found_at_its_entry(tmp_path: Path) -> None:
    segment = await written(tmp_path)
    data = bytearray(segment.read_bytes())
    place = data.index(b"\x0117=E15\x01")
    data[place + 5] ^= 1
    segment.write_bytes(data)
    proof = verify(directory_of(tmp_path))
    assert "found damaged bytes" in proof.problem
    assert proof.first_bad_entry is not None


async def test_a_block_written_anew_with_a_right_checksum_breaks_the_chain(tmp_path: Path) -> None:
    import zlib

    from tapewatch.runtime.journal.record import HEADER, Record, RecordKind, encode_header, padding, read_header

    segment = await written(tmp_path)
    data = segment.read_bytes()
    first = read_header(data)
    assert first is not None
    payload = bytearray(data[HEADER.size : HEADER.size + first.length])
    payload[-1] ^= 1
    record = Record(RecordKind.EVENTS, first.first_sequence, first.row_count, first.ingest_time_ns, bytes(payload))
    changed = encode_header(record, first.durable_sequence) + record.payload + padding(record)
    segment.write_bytes(changed + data[len(changed) :])
    assert zlib.crc32(changed) != zlib.crc32(data[: len(changed)])
    assert verify(directory_of(tmp_path)).problem == "the block does not name the one before"


async def test_a_cut_tail_is_found_and_a_known_head_must_be_met(tmp_path: Path) -> None:
    segment = await written(tmp_path)
    head = verify(directory_of(tmp_path)).head
    assert verify(directory_of(tmp_path), head).problem == ""
    assert verify(directory_of(tmp_path), "0" * 64).problem == f"no block has the hash {'0' * 64}: the log is another"
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - 100)
    assert "found damaged bytes" in verify(directory_of(tmp_path)).problem


async def test_a_log_that_is_being_written_can_be_read(tmp_path: Path) -> None:
    ingest = FakeIngest()
    async with gateway(tmp_path, ingest) as acceptor:
        store = MemoryStore()
        async with open_session("127.0.0.1", acceptor.port, VENUE, store, logon_wait_s=30) as session:
            for number in range(2000):
                await session.send("8", report_fields(f"E{number}"))
                if number % 500 == 499:
                    assert (await asyncio.to_thread(verify, directory_of(tmp_path))).problem == ""
            await session.drained()


@pytest.mark.parametrize("missing", ["absent"])
def test_where_there_is_no_log_the_error_says_so(tmp_path: Path, missing: str) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / missing)


async def test_a_log_in_use_stops_the_start_and_lets_go_of_the_others(tmp_path: Path) -> None:
    config = settings_at(tmp_path).sessions[0].config()
    other = replace(config, target="OTHER")
    async with AuditTrail(tmp_path, AuditSettings(), time.time_ns) as first:
        await first.open([config])
        async with AuditTrail(tmp_path, AuditSettings(), time.time_ns) as second:
            with pytest.raises(StartError, match="expected to be the only writer"):
                await second.open([other, config])
    async with AuditTrail(tmp_path, AuditSettings(), time.time_ns) as third:
        await third.open([other, config])
