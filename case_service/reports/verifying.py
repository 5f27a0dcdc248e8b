"""Checks an exported case file with nothing but itself: every file's hash, every audit record's hash.

Nothing is unpacked to a disk and nothing is trusted: numbers and sizes of files are limited before they are read.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from case_service.audit import Record, hash_of
from case_service.auditing.checkpoint import MARK_BYTES, Checkpoint, Keys, chosen
from case_service.auditing.journal import checkpoint_of
from case_service.reports.manifest import AUDIT, CHECKPOINTS, MANIFEST, manifest_files

FILES_MAX: Final = 1_000
FILE_BYTES_MAX: Final = 1 << 30
MANIFEST_BYTES_MAX: Final = 1 << 20
_CHUNK: Final = 1 << 20
Open = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found; `problem` names the first wrong file and what is wrong, empty where all is right."""

    case_number: int = 0
    files: int = 0
    audit_records: int = 0
    signed_records: int = 0
    manifest_sha256: str = ""
    file: str = ""
    problem: str = ""


class _WrongError(Exception):
    """The first thing that is not as it should be."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(problem)
        self.file, self.problem = file, problem


def verify_export(path: Path, keys: Keys | None = None) -> Checked:
    """Check an archive, or a folder it was unpacked into. OSError where it can not be read.

    With public keys every checkpoint must be signed by one of them; the records they cover are counted as signed.
    """
    try:
        with _opened(path) as (names, sizes, read):
            return _checked(names, sizes, read, keys or {})
    except _WrongError as wrong:
        return Checked(file=wrong.file, problem=wrong.problem)
    except zipfile.BadZipFile as error:
        return Checked(file=path.name, problem=f"expected a ZIP archive, found a damaged one: {error}")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], dict[str, int], Open]]:
    if path.is_dir():
        found = [each for each in sorted(path.rglob("*")) if each.is_file() and not each.is_symlink()]
        names = [each.relative_to(path).as_posix() for each in found]
        yield names, {name: each.stat().st_size for name, each in zip(names, found, strict=True)}, _reader(path)
        return
    with zipfile.ZipFile(path) as zipped:
        entries = zipped.infolist()
        yield [each.filename for each in entries], {each.filename: each.file_size for each in entries}, zipped.open


def _reader(folder: Path) -> Open:
    return lambda name: (folder / name).open("rb")


def _checked(names: list[str], sizes: dict[str, int], read: Open, keys: Keys) -> Checked:
    if len(names) > FILES_MAX:
        raise _WrongError(MANIFEST, f"expected at most {FILES_MAX} files, found {len(names)}")
    for name in names:
        if names.count(name) > 1:
            raise _WrongError(name, "expected each name once, found it twice")
    if MANIFEST not in sizes or sizes[MANIFEST] > MANIFEST_BYTES_MAX:
        raise _WrongError(MANIFEST, f"expected a manifest of at most {MANIFEST_BYTES_MAX} bytes, found none")
    manifest = _content(MANIFEST, sizes, read)
    try:
        told = manifest_files(manifest)
    except (ValueError, RecursionError) as error:
        raise _WrongError(MANIFEST, str(error)) from error
    for name in sorted(set(names) - told["files"].keys() - {MANIFEST}):
        raise _WrongError(name, "expected only files that the manifest names, found one it does not")
    for name, known in sorted(told["files"].items()):
        _check_file(name, known, sizes, read)
    records = _check_audit(told, sizes, read)
    signed = _check_signatures(records, told, sizes, read, keys) if AUDIT in told["files"] else 0
    digest = hashlib.sha256(manifest).hexdigest()
    return Checked(int(told["case_number"]), len(told["files"]), len(records), signed, digest)


def _check_file(name: str, known: Any, sizes: dict[str, int], read: Open) -> None:
    if name not in sizes:
        raise _WrongError(name, "expected the file that the manifest names, found none")
    if not isinstance(known, dict) or sizes[name] != known.get("size_bytes") or sizes[name] > FILE_BYTES_MAX:
        expected = known.get("size_bytes") if isinstance(known, dict) else None
        raise _WrongError(name, f"expected {expected} bytes as the manifest says, found {sizes[name]}")
    digest, length = hashlib.sha256(), 0
    with read(name) as file:
        while chunk := file.read(_CHUNK):
            length += len(chunk)
            if length > sizes[name]:
                raise _WrongError(name, f"expected {sizes[name]} bytes, found more")
            digest.update(chunk)
    if digest.hexdigest() != known.get("sha256"):
        raise _WrongError(name, f"expected content with SHA-256 {known.get('sha256')}, found {digest.hexdigest()}")


def _check_audit(told: dict[str, Any], sizes: dict[str, int], read: Open) -> list[Record]:
    """Each record's own hash, that neighbours fit, and that the last is the one the manifest names."""
    if AUDIT not in told["files"]:
        return []
    before: Record | None = None
    records: list[Record] = []
    for count, line in enumerate(_content(AUDIT, sizes, read).splitlines(), start=1):
        record = _record(line, count)
        if hash_of(record) != record.hash:
            raise _WrongError(AUDIT, f"record {record.sequence}: its hash is not that of its content")
        if before is not None and record.sequence <= before.sequence:
            raise _WrongError(AUDIT, f"record {record.sequence}: expected one after {before.sequence}")
        follows = before is not None and record.sequence == before.sequence + 1
        if follows and before is not None and record.previous_hash != before.hash:
            raise _WrongError(AUDIT, f"record {record.sequence}: it does not follow record {before.sequence}")
        before = record
        records.append(record)
    last = None if before is None else {"sequence": before.sequence, "hash": before.hash}
    if last != told.get("last_audit_record"):
        raise _WrongError(AUDIT, f"expected the last record {told.get('last_audit_record')}, found {last}")
    return records


def _check_signatures(
    records: list[Record], told: dict[str, Any], sizes: dict[str, int], read: Open, keys: Keys
) -> int:
    """Each record against the mark that a checkpoint has of it; how many are covered by a signature of a known key."""
    if CHECKPOINTS not in told["files"]:
        raise _WrongError(CHECKPOINTS, "expected the file of checkpoints, found none")
    try:
        lines = _content(CHECKPOINTS, sizes, read).splitlines()
        chain: Sequence[Checkpoint] = [checkpoint_of(json.loads(line)) for line in lines]
    except (ValueError, RecursionError) as error:
        raise _WrongError(CHECKPOINTS, str(error)) from error
    if keys:
        chain, problem = chosen(chain, keys)
        if problem:
            raise _WrongError(CHECKPOINTS, problem)
    marks = b"".join(each.marks for each in chain)
    covered = [record for record in records if record.sequence <= len(marks) // MARK_BYTES]
    for record in covered:
        end = record.sequence * MARK_BYTES
        if marks[end - MARK_BYTES : end].hex() != record.hash[: 2 * MARK_BYTES]:
            raise _WrongError(AUDIT, f"record {record.sequence}: it is not the one that was signed")
    return len(covered) if keys else 0


def _record(line: bytes, number: int) -> Record:
    try:
        return Record(**json.loads(line))
    except (ValueError, TypeError, RecursionError) as error:
        raise _WrongError(AUDIT, f"line {number}: expected an audit record, found something else: {error}") from error


def _content(name: str, sizes: dict[str, int], read: Open) -> bytes:
    with read(name) as file:
        content: bytes = file.read(sizes[name] + 1)
    if len(content) > sizes[name]:
        raise _WrongError(name, f"expected {sizes[name]} bytes, found more")
    return content
