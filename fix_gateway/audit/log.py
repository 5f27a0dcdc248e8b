"""Writing the log: buffers gather, are sealed into a block off the loop, and go to the journal with one sync."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

from fix_gateway.audit.block import GENESIS, HASH_BYTES, EntryKind, entry_head, seal
from fix_gateway.settings import AuditSettings
from fix_gateway.store import session_directory
from tapewatch.fix.masking import Mask, Piece
from tapewatch.fix.session import Session, SessionConfig, SessionEvent
from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.journal import Journal, JournalOptions, RecordKind, Retention

AUDIT_FOLDER: Final = "audit"
BLOCK_BYTES: Final = 1 << 20
"""So many bytes end a block; a block also ends when somebody waits for it, and after GATHER_S."""
INLINE_BYTES: Final = 16 << 10
"""A block up to this size is hashed at once: a thread would take longer to hear of it."""
GATHER_S: Final = 0.2
THREADS: Final = 2
NOTE_CHARACTERS_MAX: Final = 2000


class AuditLog:
    """The log of one session; a ``tapewatch.fix.transport.Recorder``. Secrets are starred before anything is kept."""

    def __init__(self, journal: Journal, head: bytes, pool: ThreadPoolExecutor) -> None:
        self.journal = journal
        self._head = head
        self._pool = pool
        self._masks = {EntryKind.RECEIVED: Mask(), EntryKind.SENT: Mask()}
        self._parts: list[Piece] = []
        self._count = self._bytes = self._segments = 0
        self._sealing = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def connected(self, session: Session, peer: str, time_ns: int) -> None:
        """Begins a connection: where the numbers stand is what a replay begins with."""
        self._end_streams(time_ns)
        store = session.store
        self.note(
            time_ns,
            "connected",
            peer=peer,
            epoch=store.epoch,
            next_inbound=store.next_inbound,
            next_outbound=store.next_outbound,
        )

    def received(self, data: bytes, time_ns: int) -> None:
        """Keeps what came in."""
        self._keep(EntryKind.RECEIVED, self._masks[EntryKind.RECEIVED].feed(data), time_ns)

    def sent(self, data: bytes, time_ns: int) -> None:
        """Keeps what goes out."""
        self._keep(EntryKind.SENT, self._masks[EntryKind.SENT].feed(data), time_ns)

    def happened(self, event: SessionEvent, time_ns: int) -> None:
        """Keeps a line of what the session noted."""
        self.note(time_ns, event.kind, text=event.text)

    def note(self, time_ns: int, what: str, **particulars: str | int) -> None:
        """Keeps a note."""
        shown = {
            name: value[:NOTE_CHARACTERS_MAX] if isinstance(value, str) else value
            for name, value in particulars.items()
        }
        self._keep(EntryKind.NOTE, [json.dumps({"what": what, **shown}).encode()], time_ns)

    async def kept(self) -> None:
        """Returns once everything so far is on the disk. Raises JournalError."""
        await self._seal()
        await self.journal.commit()

    async def close(self, time_ns: int) -> None:
        """Keeps what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self._end_streams(time_ns)
        await self.kept()

    def _end_streams(self, time_ns: int) -> None:
        """What a lost connection left unfinished belongs to it."""
        for kind, mask in self._masks.items():
            self._keep(kind, [mask.finish()], time_ns)

    def _keep(self, kind: EntryKind, pieces: Sequence[Piece], time_ns: int) -> None:
        size = sum(map(len, pieces))
        if not size:
            return
        self._parts += (entry_head(kind, time_ns, size), *pieces)
        self._count += 1
        self._bytes += size
        if self._bytes >= BLOCK_BYTES:
            self._seal_later()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._seal_later)

    def _seal_later(self) -> None:
        self._timer = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._seal())

    async def _seal(self) -> None:
        async with self._sealing:
            if not self._count:
                return
            parts, count, size = self._parts, self._count, self._bytes
            self._parts, self._count, self._bytes = [], 0, 0
            if size <= INLINE_BYTES:
                block, self._head = seal(self._head, parts)
            else:
                loop = asyncio.get_running_loop()
                block, self._head = await loop.run_in_executor(self._pool, seal, self._head, parts)
            self.journal.append(RecordKind.EVENTS, block, count)
            if len(self.journal.extent.segments) != self._segments:
                self.journal.retain(self.journal.durable_sequence)
                self._segments = len(self.journal.extent.segments)


class AuditTrail:
    """The logs of all sessions of the gateway; an async context manager."""

    def __init__(self, root: Path, settings: AuditSettings, clock: Callable[[], int]) -> None:
        self._root = root
        self._settings = settings
        self._clock = clock
        self._pool = ThreadPoolExecutor(THREADS, "fix-audit")
        self._stack = AsyncExitStack()
        self._logs: dict[str, AuditLog] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for log in self._logs.values():
            await log.close(self._clock())
        await self._stack.aclose()
        self._pool.shutdown()

    async def open(self, configs: Iterable[SessionConfig]) -> None:
        """Opens sessions' logs, going on where they ended. Raises StartError when in use, DataLoss when damaged."""
        wanted = list(configs)
        opened = await asyncio.gather(*map(self._open, wanted), return_exceptions=True)
        problems: list[BaseException] = []
        for config, found in zip(wanted, opened, strict=True):
            if isinstance(found, BaseException):
                problems.append(found)
            else:
                await self._begin(config, *found)
        if problems:
            raise problems[0]

    async def _open(self, config: SessionConfig) -> tuple[Journal, bytes]:
        settings = self._settings
        options = JournalOptions(
            segment_bytes=settings.segment_bytes, retention=Retention(bytes_max=settings.retention_bytes)
        )
        directory = session_directory(self._root, config) / AUDIT_FOLDER
        return await asyncio.to_thread(_open, directory, options, self._clock)

    async def _begin(self, config: SessionConfig, journal: Journal, head: bytes) -> None:
        await self._stack.enter_async_context(journal)
        log = self._logs[config.source] = AuditLog(journal, head, self._pool)
        if journal.recovery is not None:
            log.note(self._clock(), "recovered", text=str(journal.recovery))

    def recorder(self, config: SessionConfig) -> AuditLog:
        """The log of a session that was opened."""
        return self._logs[config.source]

    async def watch(self) -> None:
        """Returns never; raises JournalError when a disk has failed."""
        async with asyncio.TaskGroup() as group:
            for log in self._logs.values():
                group.create_task(log.journal.watch())


def _open(directory: Path, options: JournalOptions, clock: Callable[[], int]) -> tuple[Journal, bytes]:
    try:
        journal = Journal.open(directory, options, clock)
        return journal, last_hash(journal)
    except DataLoss as error:
        error.add_note(str(directory))
        raise


def last_hash(journal: Journal) -> bytes:
    """The hash of the last block, which the next will name."""
    newest = journal.extent.segments[-1]
    before = journal.extent.segments[-2:][0]
    start = newest if newest.size else before
    head = GENESIS
    for record in journal.read_from(start.first_sequence):
        head = seal(b"", (record.payload,))[1]
    return head


assert len(GENESIS) == HASH_BYTES
