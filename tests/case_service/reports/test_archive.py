"""The exported case file: whole, checked with nothing but itself, inert in a spreadsheet, pseudonymised where asked."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import grpc.aio
import pyarrow.parquet as pq
import pytest

from case_service.audit import Record, hash_of
from case_service.auditing.auditor import AuditSettings
from case_service.auditing.checkpoint import keys_of
from case_service.auditing.keys import make_keys
from case_service.confidentiality.pseudonym import pseudonym
from case_service.reports.manifest import AUDIT, CHECKPOINTS, MANIFEST
from case_service.reports.verifying import verify_export
from surveillance.v1 import audit_pb2, audit_pb2_grpc
from tests.case_service.reports.fakes import reported

Files = dict[str, bytes]


def unpacked(archive: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def packed(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return path


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """One export, for the tests that only look at it."""
    import asyncio

    from case_service.evidence import pinner

    async def export() -> tuple[bytes, str]:
        async with reported(tmp_path_factory.mktemp("export"), explanation="=1+1 cancelled, -2 kept") as found:
            return await found.export()

    before, pinner.ROUND_S = pinner.ROUND_S, 0.02
    try:
        return asyncio.run(export())
    finally:
        pinner.ROUND_S = before


def test_the_archive_has_documents_tables_events_and_audit_records(exported: tuple[bytes, str], tmp_path: Path) -> None:
    archive, manifest_sha256 = exported
    path = tmp_path / "case.zip"
    path.write_bytes(archive)
    checked = verify_export(path)
    files = unpacked(archive)
    assert (checked.problem, checked.case_number, checked.manifest_sha256) == ("", 1, manifest_sha256)
    assert hashlib.sha256(files[MANIFEST]).hexdigest() == manifest_sha256
    assert {"case.pdf", "stor.xml", "stor.xsd", "events.csv", "evidence/events.parquet", AUDIT} <= files.keys()
    events = rows_of(files["events.csv"])
    table = pq.read_table(io.BytesIO(files["evidence/events.parquet"]))
    assert [each["event_id"] for each in events] == table.column("event_id").to_pylist()
    assert checked.audit_records == len(files[AUDIT].splitlines()) == 3


def test_no_cell_begins_a_formula(exported: tuple[bytes, str]) -> None:
    files = unpacked(exported[0])
    cells = [
        (name, cell)
        for name, content in files.items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))
        for cell in row
    ]
    assert len(cells) > 500
    assert [each for each in cells if each[1][:1] in ("=", "+", "@", "\t", "\r")] == []
    assert rows_of(files["alerts.csv"])[0]["explanation"] == "'=1+1 cancelled, -2 kept"
    assert rows_of(files["comments.csv"])[0]["text"].startswith("'=HYPERLINK")


def changed(name: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    return change


def audit_edited(files: Files) -> None:
    """An audit record's reason is edited, and the manifest made to fit."""
    lines = files[AUDIT].splitlines(keepends=True)
    record = json.loads(lines[1])
    record["actor"] = "nobody"
    lines[1] = json.dumps(record).encode() + b"\n"
    files[AUDIT] = b"".join(lines)
    fitted(files)


def audit_cut(files: Files) -> None:
    files[AUDIT] = b"".join(files[AUDIT].splitlines(keepends=True)[:-1])
    fitted(files)


def fitted(files: Files) -> None:
    manifest = json.loads(files[MANIFEST])
    content = files[AUDIT]
    manifest["files"][AUDIT] = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    files[MANIFEST] = json.dumps(manifest).encode()


def manifest_replaced(files: Files) -> None:
    files[MANIFEST] = b"[" * 100_000


@pytest.mark.parametrize(
    ("tamper", "file", "problem"),
    [
        (changed("events.csv"), "events.csv", "expected content with SHA-256"),
        (changed("case.pdf"), "case.pdf", "expected content with SHA-256"),
        (changed("evidence/opening.json"), "evidence/opening.json", "expected content with SHA-256"),
        (lambda files: files.pop("orders.csv"), "orders.csv", "found none"),
        (lambda files: files.update({"orders.csv": b""}), "orders.csv", "bytes as the manifest says, found 0"),
        (lambda files: files.update({"extra.txt": b"x"}), "extra.txt", "found one it does not"),
        (lambda files: files.pop(MANIFEST), MANIFEST, "found none"),
        (manifest_replaced, MANIFEST, ""),
        (audit_edited, AUDIT, "its hash is not that of its content"),
        (audit_cut, AUDIT, "expected the last record"),
    ],
)
def test_the_first_wrong_file_is_named(
    exported: tuple[bytes, str], tmp_path: Path, tamper: Callable[[Files], None], file: str, problem: str
) -> None:
    files = unpacked(exported[0])
    tamper(files)
    checked = verify_export(packed(tmp_path / "case.zip", files))
    assert (checked.file, problem in checked.problem) == (file, True), checked
    assert checked.problem


def test_a_folder_the_archive_was_unpacked_into_is_checked_too_and_a_cut_archive_refused(
    exported: tuple[bytes, str], tmp_path: Path
) -> None:
    for name, content in unpacked(exported[0]).items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert verify_export(tmp_path / "folder").problem == ""
    cut = tmp_path / "cut.zip"
    cut.write_bytes(exported[0][:-100])
    assert "expected a ZIP archive" in verify_export(cut).problem


async def test_a_pseudonymised_case_file_names_nobody_and_the_same_key_gives_the_same_pseudonyms(
    tmp_path: Path,
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    async with reported(tmp_path, explanation="account-3 of owner-3 cancelled", pseudonym_key=key) as found:
        archive, _ = await found.export(pseudonymised=True)
        trail = await found.running.cases.call("ListAuditRecords", subject=found.case_id)
    files = unpacked(archive)
    names = [f"account-{number}" for number in range(50)] + ["owner-3", "crook", "ann", "HYPERLINK"]
    text = b"\n".join(content for name, content in files.items() if not name.endswith(".parquet")).decode()
    parquet = [
        str(value)
        for name, content in files.items()
        if name.endswith(".parquet")
        for column in pq.read_table(io.BytesIO(content)).to_pydict().values()
        for value in column
    ]
    assert [name for name in names if f"{name}\n" in text or f"{name}," in text or f'{name}"' in text] == []
    assert [value for value in parquet if value in names] == []
    assert rows_of(files["alerts.csv"])[0]["accounts"] == pseudonym(b"k" * 32, "account-3")
    path = tmp_path / "case.zip"
    path.write_bytes(archive)
    assert verify_export(path).problem == ""
    last = trail.records[-1]
    assert (last.actor, last.action, last.reason) == ("sue", "ReadCaseFile", "asked for by the authority")
    assert '"pseudonymised":true' in last.detail_json


async def test_records_that_were_signed_cannot_be_exchanged_even_by_who_fits_all_hashes(tmp_path: Path) -> None:
    public = make_keys(tmp_path / "keys" / "audit.pem")
    audit = AuditSettings(key=tmp_path / "keys" / "audit.pem", checkpoint_file=tmp_path / "checkpoints.jsonl")
    async with reported(tmp_path, audit=audit) as found:
        async with grpc.aio.insecure_channel(found.target) as channel:
            stub = audit_pb2_grpc.AuditServiceStub(channel)
            await stub.CreateAuditCheckpoint(audit_pb2.CreateAuditCheckpointRequest())
        archive, _ = await found.export()
    files = unpacked(archive)
    keys = keys_of([public])
    checked = verify_export(packed(tmp_path / "case.zip", files), keys)
    assert (checked.problem, checked.audit_records, checked.signed_records) == ("", 3, 3)
    strangers = keys_of([make_keys(tmp_path / "keys" / "other.pem")])
    assert verify_export(tmp_path / "case.zip", strangers).file == CHECKPOINTS
    lines = files[AUDIT].splitlines()
    record = Record(**json.loads(lines[-1]))
    record.actor = "nobody"
    record.hash = hash_of(record)
    files[AUDIT] = b"".join(line + b"\n" for line in (*lines[:-1], json.dumps(record.fields()).encode()))
    manifest = json.loads(files[MANIFEST])
    manifest["last_audit_record"]["hash"] = record.hash
    files[MANIFEST] = json.dumps(manifest).encode()
    fitted(files)
    checked = verify_export(packed(tmp_path / "case.zip", files), keys)
    assert (checked.file, "not the one that was signed" in checked.problem) == (AUDIT, True)


async def test_exports_need_a_reason_and_pseudonyms_a_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"too short")
    async with reported(tmp_path, pseudonym_key=key) as found:
        with pytest.raises(grpc.aio.AioRpcError, match="reason: expected why"):
            await found.export(reason=" ")
        with pytest.raises(grpc.aio.AioRpcError, match="pseudonym_key"):
            await found.export(pseudonymised=True)
