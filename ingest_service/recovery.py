"""Start is recovery: the newest snapshot, then what the two logs hold beyond it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from ingest_service.intake import Intake
from ingest_service.quarantine import Quarantine
from ingest_service.state import IngestState, write_snapshot
from tapewatch.runtime.journal import Journal

_log = structlog.get_logger(__name__)


class Snapshots:
    """The snapshot file: when it is due, and saving it."""

    def __init__(self, path: Path, journal_bytes: int) -> None:
        self.path = path
        self.sequence = 0
        self._journal_bytes = journal_bytes
        self._bytes_at_last = 0

    def is_due(self, intake: Intake) -> bool:
        """Whether the journal has grown by `journal_bytes` since the last one."""
        return intake.journal.extent.size_bytes - self._bytes_at_last >= self._journal_bytes

    async def save(self, intake: Intake) -> None:
        """Saves the state as it is now, once the logs are durable as far as it goes; nothing of a broken intake."""
        if intake.broken.is_set():
            return
        data, sequence = intake.state.encode(), intake.state.journal_sequence
        self._bytes_at_last = intake.journal.extent.size_bytes
        await intake.durable()
        await asyncio.to_thread(write_snapshot, self.path, data)
        self.sequence = sequence

    def load(self, state: IngestState, journal: Journal) -> None:
        """Restores the state where the snapshot is whole and not ahead of the logs, else leaves it empty."""
        if not self.path.exists():
            return
        if not state.restore(self.path.read_bytes()):
            _log.warning("snapshot is damaged or of another version, reading the whole journal", path=str(self.path))
            return
        self.sequence = state.journal_sequence
        self._bytes_at_last = journal.extent.size_bytes


def rebuild(journal: Journal, quarantine: Quarantine, snapshots: Snapshots) -> IngestState:
    """The state as of the ends of both logs.

    A snapshot ahead of a log (rows were lost on the disk) would know rows that are gone and refuse them when they are
    sent again, so it is not used.
    """
    state = IngestState(quarantine)
    snapshots.load(state, journal)
    ahead = state.journal_sequence > journal.next_sequence
    if ahead or state.quarantine_sequence > quarantine.log.next_sequence:
        _log.error("snapshot is ahead of the journal, reading the whole journal", snapshot=state.journal_sequence)
        quarantine.known.clear()
        quarantine.replayed.clear()
        state = IngestState(quarantine)
        snapshots.sequence = 0
    for record in journal.read_from(max(state.journal_sequence, journal.first_sequence)):
        state.replay_journal(record)
    for record in quarantine.log.read_from(max(state.quarantine_sequence, quarantine.log.first_sequence)):
        state.replay_quarantine(record)
    return state
