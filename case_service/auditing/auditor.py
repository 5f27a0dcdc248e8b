"""Keeps the audit trail signed while the service runs, and verifies it on demand."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from pydantic import Field

from case_service.audit import Finding
from case_service.auditing.checkpoint import Checkpoint, Keys, Purpose, Signer
from case_service.auditing.journal import append_checkpoints, read_checkpoints
from case_service.store.checkpoints import checkpoints_after, last_checkpoint, make_checkpoints, prove_audit
from case_service.store.reading import audit_head
from case_service.store.store import Store
from tapewatch.runtime.errors import FailedPrecondition, ServiceError
from tapewatch.runtime.settings import Section

NANOSECONDS_OF_MINUTE = 60 * 10**9
LOOK_EVERY_S = 2.0
CHECKPOINTS_READ = 100
_log = structlog.get_logger(__name__)


class AuditSettings(Section):
    """Section `cases.audit`: who signs the audit trail, how often, and where the signatures are kept besides."""

    key: Path | None = Field(
        None, description="Ed25519 private key (`tapewatch audit keys init`); nothing is signed without"
    )
    public_keys: list[Path] = Field([], description="public keys of before, whose signatures count, too")
    checkpoint_records: int = Field(1_000, ge=1, le=10_000, description="records until the next signature")
    checkpoint_minutes: float = Field(10, gt=0, le=24 * 60, description="minutes until fewer are signed")
    checkpoint_file: Path = Field(
        Path("tapewatch-data/cases/audit-checkpoints.jsonl"),
        description="signatures outside the database; best on another machine's disk",
    )


@dataclass(slots=True)
class Auditor:
    """Makes checkpoints where it has a key, and checks records against them."""

    store: Store
    signer: Signer | None
    keys: Keys
    settings: AuditSettings
    clock_ns: Callable[[], int]
    look_every_s: float = LOOK_EVERY_S
    _filed: int = 0
    _pending_since_ns: int | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def checkpoint(self, purpose: Purpose) -> Checkpoint:
        """Sign where the trail ends, in the database and in the file; durable when it returns.

        Raises FailedPrecondition without a key, and DataLoss when a record to be signed is not as it was written.
        """
        signer = self.signer
        if signer is None:
            raise FailedPrecondition(
                "NO_AUDIT_KEY",
                "expected a key to sign with, found none configured: `tapewatch audit keys init` makes one for "
                "`cases.audit.key`",
            )
        made = await self.store.write(lambda shared: make_checkpoints(shared, signer, purpose))
        await self.file()
        return made[-1]

    async def file(self) -> None:
        """Append to the file what the database holds beyond it."""
        async with self._one_at_a_time:
            while True:
                page = await self.store.read(checkpoints_after, self._filed, CHECKPOINTS_READ)
                if page.items:
                    await asyncio.to_thread(append_checkpoints, self.settings.checkpoint_file, page.items)
                    self._filed = page.items[-1].number
                if not page.more:
                    return

    async def verify(self) -> Finding:
        """The whole trail as it stands, against itself and all signatures there are."""
        elsewhere = await asyncio.to_thread(self._elsewhere)  # before the snapshot, or it would be ahead of it
        return await self.store.read(prove_audit, self.keys, elsewhere)

    async def run(self) -> None:
        """Sign whenever enough records or time have gone by, until cancelled."""
        filed = await asyncio.to_thread(self._elsewhere)
        self._filed = max((each.number for each in filed), default=0)
        while True:
            try:
                if await self.due():
                    await self.checkpoint(Purpose.PERIODIC)
            except ServiceError as error:  # damage is shown by verify; a store that is away comes back
                _log.error("audit_not_signed", reason=error.reason, cause=error.message)
            await asyncio.sleep(self.look_every_s)

    async def due(self) -> bool:
        """Whether records wait that are many enough, or have waited long enough."""
        head = await self.store.read(audit_head)
        last = await self.store.read(last_checkpoint)
        waiting = head.count - (last.sequence if last else 0)
        now_ns = self.clock_ns()
        if waiting <= 0:
            self._pending_since_ns = None
            return False
        if self._pending_since_ns is None:
            self._pending_since_ns = now_ns
        waited_ns = now_ns - self._pending_since_ns
        due = waiting >= self.settings.checkpoint_records
        due = due or waited_ns >= self.settings.checkpoint_minutes * NANOSECONDS_OF_MINUTE
        if due:
            self._pending_since_ns = None
        return due

    def _elsewhere(self) -> Sequence[Checkpoint]:
        return read_checkpoints(self.settings.checkpoint_file) if self.keys else ()
