"""The trail of control records: who changed what the outcome depends on, when, why, and from which position on.

The journal is the proof. The newest of it is kept with the consumer's state so that it can be asked for, and each
change is told to the case service, whose audit trail keeps them all; one told again after a crash is entered once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, NamedTuple, Protocol, Self

from detection_service.engine.engine import Engine
from surveillance.v1 import alert_record_pb2, change_pb2
from tapewatch.client.wire import JournalRecord

CHANGES_MAX: Final = 1_000
BATCH_MAX: Final = 100
WHAT_CHARACTERS_MAX: Final = 500
GIVEN_CHARACTERS_MAX: Final = 2_000
KINDS: Final = ("configuration", "rules", "reference", "model")
MODEL: Final = "model"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """A control record, or other settings at a start; `surveillance.v1.ConfigurationChange` tells its fields.

    `problem` says why it was refused, empty where it took effect. `time_ns` is ingest's clock. `audit_sequence` is the
    record of the case service's audit trail that has it, 0 while there is none.
    """

    sequence: int
    time_ns: int
    kind: str
    actor: str
    reason: str
    what: str
    problem: str = ""
    change_id: str = ""
    scope: str = ""
    digest_before: str = ""
    digest_after: str = ""
    content_sha256: str = ""
    audit_sequence: int = 0


class Standing(NamedTuple):
    """What an engine works with, by digest."""

    config_digest: str
    model_id: str

    @classmethod
    def of(cls, engine: Engine) -> Self:
        """What an engine works with now."""
        return cls(engine.config_digest, engine.model_id)

    def digest(self, kind: str) -> str:
        """Of the part that changes of a kind change."""
        return self.model_id if kind == MODEL else self.config_digest


class ChangeRecorder(Protocol):
    """Where changes go; returns once they are durable and is repeated while the store is away."""

    async def record_changes(
        self, changes: Sequence[change_pb2.ConfigurationChange], patience_s: float | None
    ) -> Sequence[alert_record_pb2.RecordChangeResult]:
        """Stores changes, in order, each once."""


class Changes:
    """The newest changes, oldest first; those not recorded yet are kept however many they are."""

    def __init__(self) -> None:
        self.newest: deque[Change] = deque()
        self._changed = asyncio.Event()

    def take(self, record: JournalRecord, problem: str, before: Standing, after: Standing) -> None:
        """Notes a control record, and what was in force before and after it."""
        kind, content = _parsed(record.payload)
        digest = content_digest(record.payload)
        self.add(
            Change(
                record.first_sequence,
                record.ingest_time_ns,
                kind,
                given(content.get("actor", ""), GIVEN_CHARACTERS_MAX),
                given(content.get("reason", ""), GIVEN_CHARACTERS_MAX),
                given(_what(kind, content), WHAT_CHARACTERS_MAX),
                given(problem, GIVEN_CHARACTERS_MAX),
                change_id_of(record.first_sequence, record.ingest_time_ns, digest),
                given(_scope(content), WHAT_CHARACTERS_MAX),
                before.digest(kind),
                after.digest(kind),
                digest,
            )
        )

    def remind(self, changes: Iterable[Change]) -> None:
        """Notes those of some changes that are not known."""
        known = {each.change_id for each in self.newest}
        for change in changes:
            if change.change_id not in known:
                self.add(change)

    def add(self, change: Change) -> None:
        """Notes a change, and lets the oldest recorded ones go where they are too many."""
        self.newest.append(change)
        while len(self.newest) > CHANGES_MAX and self.newest[0].audit_sequence:
            self.newest.popleft()
        self._ring()

    @property
    def pending(self) -> list[Change]:
        """Those not recorded yet."""
        return [each for each in self.newest if each.change_id and not each.audit_sequence]

    @property
    def full(self) -> bool:
        """Whether no more should come before the case service has recorded some."""
        return len(self.newest) >= CHANGES_MAX and len(self.pending) >= CHANGES_MAX

    async def run(self, recorder: ChangeRecorder) -> None:
        """Tells what is pending, for ever; ends only with an error the case service will not get over."""
        while True:
            await self.until(lambda: bool(self.pending))
            results = await recorder.record_changes([to_message(each) for each in self.pending[:BATCH_MAX]], None)
            recorded = {each.change_id: each.audit_sequence for each in results}
            self.newest = deque(
                replace(each, audit_sequence=recorded.get(each.change_id, each.audit_sequence)) for each in self.newest
            )
            self._ring()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition on the changes holds."""
        while not condition():
            await self._changed.wait()

    def state(self) -> list[dict[str, Any]]:
        """Plain values from which `restore` makes the same."""
        return [asdict(change) for change in self.newest]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Becomes the changes whose `state` was taken."""
        self.newest = deque(Change(**each) for each in state)
        self._ring()

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def to_message(change: Change) -> change_pb2.ConfigurationChange:
    """A change as its message."""
    return change_pb2.ConfigurationChange(**asdict(change))


def content_digest(content: bytes) -> str:
    """SHA-256 of a change's whole content; 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def change_id_of(sequence: int, time_ns: int, content_sha256: str) -> str:
    """SHA-256 of where and when a change came and of its content: the same for every reading of the journal."""
    return hashlib.sha256(f"{sequence} {time_ns} {content_sha256}".encode()).hexdigest()


def given(text: object, characters_max: int) -> str:
    """What somebody gave, as text that every store takes."""
    clean = str(text).encode("utf-8", "replace").decode().replace("\0", "?")
    return clean if len(clean) <= characters_max else f"{clean[: characters_max - 1]}…"


def _parsed(payload: bytes) -> tuple[str, Mapping[str, Any]]:
    """Kind and content of a control record, whatever is wrong with it."""
    try:
        record = _mapping(json.loads(payload))
    except ValueError:
        record = {}
    kind = str(record.get("control", "")).lower()
    return kind if kind in KINDS else UNKNOWN, _mapping(record.get("content"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _what(kind: str, content: Mapping[str, Any]) -> str:
    if "change" in content:
        change, where = _mapping(content["change"]), _scope(content)
        parameters = _mapping(change.get("parameters")).items()
        told = ", ".join(f"{name} {'as usual' if value is None else value}" for name, value in parameters)
        return f"{change.get('rule')}: {told}" + (f" ({where})" if where else "")
    if "user_rules" in content:
        texts = {
            rule_id: str(_mapping(each).get("sha256")) for rule_id, each in _mapping(content["user_rules"]).items()
        }
        return "rules " + (", ".join(f"{rule_id} {digest[:12]}" for rule_id, digest in texts.items()) or "-")
    return f"whole {kind}"


def _scope(content: Mapping[str, Any]) -> str:
    scope = _mapping(_mapping(content.get("change")).get("scope"))
    return ", ".join(f"{name} {value}" for name, value in scope.items())
