"""An export of the audit trail: one JSON value a line, for whoever has nothing but it and the public key.

First what it is, then the records (the fields of `audit.Record` in order), the checkpoints, and how many of each.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from case_service.audit import GENESIS_HASH, Finding, Head, Record
from case_service.auditing.checkpoint import Checkpoint, Keys
from case_service.auditing.journal import checkpoint_json, checkpoint_of
from case_service.auditing.proof import prove_export

FORMAT = "tapewatch audit export 1"
FIELDS = len(Record.__slots__)


class ExportError(Exception):
    """The file is no export, or was cut off or changed in its form; says where, what was expected and found."""


class ExportWriter:
    """Writes an export: all records, oldest first, then all checkpoints, then the end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.records = 0
        self.checkpoints = 0
        self._line({"format": FORMAT})

    def record(self, fields: Sequence[object]) -> None:
        """Add a record."""
        self.records += 1
        self._line(list(fields))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint."""
        self.checkpoints += 1
        self._line(checkpoint_json(checkpoint))

    def end(self) -> None:
        """Say how many there are of each."""
        self._line({"records": self.records, "checkpoints": self.checkpoints})

    def _line(self, value: object) -> None:
        self._file.write(json.dumps(value, separators=(",", ":")) + "\n")


def verify_export(path: Path, keys: Keys) -> Finding:
    """Check every record and every signature of an export; ExportError when it has not the form of one."""
    with path.open(encoding="utf-8") as file:
        reader = _Reader(path, file)
        return reader.finding(keys)


class _Reader:
    """Reads an export twice: the checkpoints, which come last, are needed first."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._last_hash = GENESIS_HASH

    def finding(self, keys: Keys) -> Finding:
        """What a check of the whole finds."""
        records, checkpoints = self._survey()
        self._file.seek(0)
        return prove_export(self._records(), Head(records, self._last_hash), keys, checkpoints)

    def _survey(self) -> tuple[int, list[Checkpoint]]:
        checkpoints: list[Checkpoint] = []
        records, end = 0, None
        for number, line in enumerate(self._file, start=1):
            value = self._value(number, line)
            if end is not None or (number == 1) != (value == {"format": FORMAT}):
                raise self._wrong(number, f"{FORMAT!r} first and the counts last", line)
            if isinstance(value, list):
                records, self._last_hash = records + 1, str(value[10]) if len(value) == FIELDS else ""
            elif isinstance(value, dict) and "signature" in value:
                checkpoints.append(self._checkpoint(number, value))
            elif number > 1:
                end = value
        if end != {"records": records, "checkpoints": len(checkpoints)}:
            found = f"{records} records and {len(checkpoints)} checkpoints"
            raise ExportError(
                f"{self._path}: expected as many as its last line says ({end}), found {found}: it was cut"
            )
        return records, checkpoints

    def _records(self) -> Iterator[list[object]]:
        for number, line in enumerate(self._file, start=1):
            if line.startswith("["):
                value = json.loads(line)
                if len(value) != FIELDS:
                    raise self._wrong(number, f"a record of {FIELDS} fields", line)
                yield value

    def _checkpoint(self, number: int, value: dict[str, Any]) -> Checkpoint:
        try:
            return checkpoint_of(value)
        except ValueError as error:
            raise ExportError(f"{self._path}:{number}: {error}") from error

    def _value(self, number: int, line: str) -> Any:
        try:
            return json.loads(line)
        except ValueError as error:
            raise self._wrong(number, "a JSON value", line) from error

    def _wrong(self, number: int, expected: str, line: str) -> ExportError:
        return ExportError(f"{self._path}:{number}: expected {expected}, found {line[:80]!r}")
