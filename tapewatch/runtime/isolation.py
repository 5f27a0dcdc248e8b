"""Running code that is not ours: whatever it raises becomes a value, so that it can not stop what calls it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
REASON_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What foreign code raised, in words: type, message, and the line of its own file it came from."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What foreign code returned."""

    value: Value


def isolated(action: Callable[[], Value], file: str = "") -> Outcome[Value] | Fault:
    """What `action` returns, or what it raised: any exception and SystemExit, not KeyboardInterrupt.

    `file` is the path of the foreign code: a fault names its innermost line there, and no line of anybody else's.
    """
    try:
        return Outcome(action())
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        told = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
        return Fault(f"{told} (line {lines[-1]} of {Path(file).name})" if lines else told)
