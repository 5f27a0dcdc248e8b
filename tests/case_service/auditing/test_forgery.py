"""Someone who knows the format rewrites the trail: records, hashes, head and all. The signatures tell, on both."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from case_service.audit import Entry, Head, Record, appended
from case_service.auditing.auditor import AuditSettings
from case_service.auditing.export import ExportWriter, verify_export
from case_service.auditing.journal import read_checkpoints
from case_service.auditing.keys import PUBLIC_SUFFIX, make_keys, read_public_keys
from case_service.auditing.offline import verify_database
from case_service.auditing.servicer import checkpoint_from
from surveillance.v1 import audit_pb2, audit_pb2_grpc
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.databases import execute, rows_of
from tests.case_service.fakes import TIMEOUT_S, Cases, later, running_cases

COLUMNS = ", ".join(each.name for each in fields(Record))


@pytest.fixture
def settings(tmp_path: Path) -> AuditSettings:
    make_keys(tmp_path / "audit.pem")
    return AuditSettings(key=tmp_path / "audit.pem", checkpoint_file=tmp_path / "elsewhere.jsonl")


@pytest.fixture
async def signed(database: str, settings: AuditSettings) -> AsyncIterator[Cases]:
    """A service with a trail of nine records, signed at records 4 and 8."""
    async with running_cases(database, audit=settings) as cases:
        await cases.record(*(later(name, place * 60) for place, name in enumerate("abcd")))
        await checkpoint(cases)
        await cases.record(*(later(name, place * 60 + 300) for place, name in enumerate("efgh")))
        await checkpoint(cases)
        await cases.record(later("i", 1_000))
        yield cases


async def checkpoint(cases: Cases, purpose: int = 0) -> audit_pb2.AuditCheckpoint:
    async with open_channel(f"127.0.0.1:{cases.service.bound_port}", SecuritySettings()) as channel:
        stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
        request = audit_pb2.CreateAuditCheckpointRequest(purpose=purpose)  # type: ignore[arg-type] # enumerations are numbers
        made: audit_pb2.AuditCheckpoint = await stub.CreateAuditCheckpoint(request, timeout=TIMEOUT_S)
        return made


async def checkpoints(cases: Cases) -> list[audit_pb2.AuditCheckpoint]:
    async with open_channel(f"127.0.0.1:{cases.service.bound_port}", SecuritySettings()) as channel:
        stub: Any = audit_pb2_grpc.AuditServiceStub(channel)
        listed = await stub.ListAuditCheckpoints(audit_pb2.ListAuditCheckpointsRequest(), timeout=TIMEOUT_S)
        return list(listed.checkpoints)


def records_of(database: str | Path) -> list[Record]:
    rows = rows_of(database, f"SELECT {COLUMNS} FROM audit_records ORDER BY sequence")
    return [Record(*row) for row in rows]


def rehashed(records: Sequence[Record], begin: int = 1) -> list[Record]:
    """The records as the service would have written them: numbered, chained and hashed anew from one on."""
    written = list(records[: begin - 1])
    for each in records[begin - 1 :]:
        head = Head(len(written), written[-1].hash if written else Head().hash)
        names = {field.name for field in fields(Entry)}
        entry = Entry(**{name: getattr(each, name) for name in names})
        written.append(appended(head, entry, each.time_ns, each.salt))
    return written


def write(database: str | Path, records: Sequence[Record], more: str = "") -> None:
    """Put a whole trail in the place of the one that is there, and the head with it."""
    rows = ", ".join(f"({', '.join(literal(value) for value in each.fields().values())})" for each in records)
    last = records[-1]
    execute(
        database,
        f"DELETE FROM recorded_changes; DELETE FROM audit_records; INSERT INTO audit_records ({COLUMNS}) VALUES {rows};"
        f" UPDATE heads SET audit_count = {last.sequence}, audit_hash = '{last.hash}'; {more or 'SELECT 1'}",
    )


def literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def edited(records: list[Record]) -> list[Record]:
    return [*records[:5], replace(records[5], actor="nobody"), *records[6:]]


FORGERIES: dict[str, tuple[Callable[[list[Record]], list[Record]], int]] = {
    "one edited and the rest hashed anew": (edited, 6),
    "the first edited and all hashed anew": (lambda records: [replace(records[0], reason="other"), *records[1:]], 1),
    "one deleted and the rest hashed anew": (lambda records: records[:2] + records[3:], 3),
    "two swapped and the rest hashed anew": (
        lambda records: [*records[:4], records[5], records[4], *records[6:]],
        5,
    ),
    "one put in and the rest hashed anew": (lambda records: [*records[:3], records[6], *records[3:]], 4),
    "the tail cut and the head set back": (lambda records: records[:6], 7),
    "the tail cut at a signature": (lambda records: records[:4], 5),
    "all of it written anew": (lambda records: [replace(each, actor="nobody") for each in records], 1),
}


@pytest.mark.parametrize(("forge", "first_bad"), FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize("checkpoints_too", [False, True], ids=["records", "checkpoints too"])
async def test_a_forgery_with_recomputed_hashes_is_found_at_its_record(
    signed: Cases,
    settings: AuditSettings,
    forge: Callable[[list[Record]], list[Record]],
    first_bad: int,
    checkpoints_too: bool,
) -> None:
    sound = await signed.call("VerifyAudit")
    assert (sound.intact, sound.checkpoints, sound.signed_sequence) == (True, 2, 8)
    records = await asyncio.to_thread(records_of, signed.database)
    more = "DELETE FROM audit_checkpoints" if checkpoints_too else ""
    await asyncio.to_thread(write, signed.database, rehashed(forge(records)), more)
    finding = await signed.call("VerifyAudit")
    assert (finding.intact, finding.first_bad_sequence) == (False, first_bad), finding.problem
    offline = await asyncio.to_thread(
        verify_database, str(signed.database), public_keys(settings), settings.checkpoint_file
    )
    assert (offline.first_bad_sequence, offline.problem) == (first_bad, finding.problem)


def public_keys(settings: AuditSettings) -> list[Path]:
    assert settings.key is not None
    return [settings.key.with_name(settings.key.name + PUBLIC_SUFFIX)]


async def test_a_checkpoint_deleted_or_edited_in_the_database_is_told(signed: Cases) -> None:
    await asyncio.to_thread(execute, signed.database, "DELETE FROM audit_checkpoints WHERE number = 2")
    finding = await signed.call("VerifyAudit")
    assert (finding.intact, finding.first_bad_sequence) == (False, 8)
    assert "checkpoint 2, signed at this record, is elsewhere but no longer with the records" in finding.problem


async def test_an_edited_checkpoint_is_told(signed: Cases) -> None:
    await asyncio.to_thread(execute, signed.database, "UPDATE audit_checkpoints SET time_ns = 1 WHERE number = 2")
    finding = await signed.call("VerifyAudit")
    assert not finding.intact
    assert "checkpoint 2 at record 8: expected the signature of key" in finding.problem


async def test_a_record_that_was_changed_is_never_signed(signed: Cases) -> None:
    await asyncio.to_thread(execute, signed.database, "UPDATE audit_records SET actor = 'eve' WHERE sequence = 9")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await checkpoint(signed)
    assert caught.value.code() is grpc.StatusCode.DATA_LOSS
    assert "audit record 9 is not as it was written, so nothing is signed" in str(caught.value.details())
    assert len(await checkpoints(signed)) == 2


async def test_checkpoints_are_in_the_database_and_in_the_file_outside(signed: Cases, settings: AuditSettings) -> None:
    held = [checkpoint_from(each) for each in await checkpoints(signed)]
    assert [(each.sequence, each.previous_sequence, len(each.marks)) for each in held] == [(4, 0, 16), (8, 4, 16)]
    assert read_checkpoints(settings.checkpoint_file) == held


async def test_without_a_key_a_checkpoint_is_refused_with_what_to_do(database: str) -> None:
    async with running_cases(database) as cases:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await checkpoint(cases)
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "tapewatch audit keys init" in str(caught.value.details())


async def exported(cases: Cases, path: Path) -> list[str]:
    """An export as the command writes it; its lines."""
    seal = await checkpoint(cases, audit_pb2.AUDIT_CHECKPOINT_PURPOSE_EXPORT)
    records = await asyncio.to_thread(records_of, cases.database)
    assert seal.sequence == len(records)
    with path.open("w") as file:
        writer = ExportWriter(file)
        for record in records:
            writer.record(tuple(record.fields().values()))
        for each in await checkpoints(cases):
            writer.checkpoint(checkpoint_from(each))
        writer.end()
    return await asyncio.to_thread(lines_of, path)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


async def test_an_export_is_verified_by_someone_who_has_it_and_the_public_key_only(
    signed: Cases, settings: AuditSettings, tmp_path: Path
) -> None:
    path = tmp_path / "export.jsonl"
    await exported(signed, path)
    keys = read_public_keys(public_keys(settings))
    finding = verify_export(path, keys)
    assert (finding.problem, finding.records, finding.checkpoints, finding.signed_sequence) == ("", 9, 3, 9)
    make_keys(tmp_path / "other.pem")
    stranger = read_public_keys([tmp_path / "other.pem.pub"])
    assert "expected a signature by" in verify_export(path, stranger).problem


EXPORT_FORGERIES: dict[str, tuple[Callable[[list[str]], list[str]], int]] = {
    "a record edited": (lambda lines: [*lines[:5], lines[5].replace('"detection"', '"eve"'), *lines[6:]], 5),
    "a record deleted": (lambda lines: [*lines[:3], *lines[4:-1], counts(8, 3)], 3),
    "two swapped": (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 2),
    "one put in twice": (lambda lines: [*lines[:3], lines[2], *lines[3:-1], counts(10, 3)], 3),
    "the tail cut": (lambda lines: [*lines[:7], *lines[10:-1], counts(6, 3)], 7),
    "the tail cut with its signatures": (lambda lines: [*lines[:5], lines[10], counts(4, 1)], 5),
    "the last signature taken off": (lambda lines: [*lines[:-2], counts(9, 2)], 9),
    "all signatures taken off": (lambda lines: [*lines[:10], counts(9, 0)], 1),
}


def counts(records: int, signatures: int) -> str:
    return f'{{"records":{records},"checkpoints":{signatures}}}\n'


async def test_every_forgery_of_an_export_is_found_at_its_record(
    signed: Cases, settings: AuditSettings, tmp_path: Path
) -> None:
    path = tmp_path / "export.jsonl"
    lines = await exported(signed, path)
    keys = read_public_keys(public_keys(settings))
    for name, (forge, first_bad) in EXPORT_FORGERIES.items():
        path.write_text("".join(forge(list(lines))))
        finding = verify_export(path, keys)
        assert finding.problem, name
        assert finding.first_bad_sequence == first_bad, f"{name}: {finding}"
