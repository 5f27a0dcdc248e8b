"""The file of checkpoints outside the database: one JSON object a line, appended and synced, never rewritten."""

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path

from case_service.auditing.checkpoint import Checkpoint, Purpose
from tapewatch.runtime.errors import StartError


def checkpoint_json(checkpoint: Checkpoint) -> dict[str, object]:
    """A checkpoint with its bytes in base64."""
    fields: dict[str, object] = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    for name in ("marks", "signature"):
        fields[name] = base64.b64encode(getattr(checkpoint, name)).decode()
    return {**fields, "purpose": checkpoint.purpose.name}


def checkpoint_of(fields: object) -> Checkpoint:
    """A checkpoint from its JSON; ValueError for anything else."""
    if not isinstance(fields, dict) or set(fields) != set(Checkpoint.__slots__):
        raise ValueError(f"expected a checkpoint with {', '.join(Checkpoint.__slots__)}")
    texts = ("hash", "purpose", "key_id", "marks", "signature")
    if not all(isinstance(value, str if name in texts else int) for name, value in fields.items()):
        raise ValueError("expected texts and whole numbers in a checkpoint")
    if fields["purpose"] not in Purpose.__members__:
        raise ValueError(f"expected a purpose among {', '.join(Purpose.__members__)}, found {fields['purpose']!r}")
    marks, signature = (base64.b64decode(fields[name], validate=True) for name in ("marks", "signature"))
    return Checkpoint(**{**fields, "purpose": Purpose[fields["purpose"]], "marks": marks, "signature": signature})


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """The checkpoints of a file, none where there is no file; a last line that was cut off by a crash is left out.

    StartError names the line that is no checkpoint.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"checkpoint file {path}: expected a readable text, found {error}") from error
    return [_read(path, number, line) for number, line in enumerate(lines[:-1], start=1)]


def append_checkpoints(path: Path, checkpoints: Iterable[Checkpoint]) -> None:
    """Append what is not there yet, and wait for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = "".join(json.dumps(checkpoint_json(each), separators=(",", ":")) + "\n" for each in checkpoints)
    with path.open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # a line that a crash cut off
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, number: int, line: str) -> Checkpoint:
    try:
        return checkpoint_of(json.loads(line))
    except ValueError as error:
        raise StartError(f"checkpoint file {path}:{number}: {error}; it was changed or damaged") from error
