"""Running code that is not ours: whatever it raises becomes a value, so that it can not stop what calls it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")
REASON_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """What foreign code raised, in words: type, message, file and line it came from."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What foreign code returned."""

    value: Value


def isolated(action: Callable[[], Value]) -> Outcome[Value] | Fault:
    """What `action` returns, or what it raised: any exception and SystemExit, not KeyboardInterrupt."""
    try:
        return Outcome(action())
    except (Exception, SystemExit) as error:
        *_, last = traceback.extract_tb(error.__traceback__)
        told = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
        return Fault(f"{told} (line {last.lineno} of {last.filename.rsplit('/', 1)[-1]})")
