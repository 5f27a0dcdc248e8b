"""Start is recovery: the newest snapshot, then what the two logs hold beyond it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from ingest_service.intake import Intake
from ingest_service.quarantine import Quarantine
from ingest_service.state import IngestState
from tapewatch.runtime.durable import replace_file
from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.journal import Journal

_log = structlog.get_logger(__name__)


class Snapshots:
    """The snapshot file: when it is due, and saving it."""

    def __init__(self, path: Path, journal_bytes: int) -> None:
        self.path = path
        self.sequence = 0
        self.quarantine_sequence = 0
        self.replayed_bytes = 0
        self._journal_bytes = journal_bytes
        self._appended_bytes_at_last = 0

    def is_due(self, intake: Intake) -> bool:
        """Whether the logs have grown by `journal_bytes` since the last one."""
        grown_bytes = self.replayed_bytes + _appended_bytes(intake) - self._appended_bytes_at_last
        return grown_bytes >= self._journal_bytes

    async def save(self, intake: Intake) -> None:
        """Saves the state as it is now, once the logs are durable as far as it goes; nothing of a broken intake."""
        if intake.broken.is_set():
            return
        state = intake.state
        data, sequence, quarantine_sequence = state.encode(), state.journal_sequence, state.quarantine_sequence
        self.replayed_bytes, self._appended_bytes_at_last = 0, _appended_bytes(intake)
        await intake.durable()
        await asyncio.to_thread(replace_file, self.path, [data])
        self.sequence, self.quarantine_sequence = sequence, quarantine_sequence

    def load(self, state: IngestState, journal: Journal) -> bool:
        """Restores the state where the snapshot is whole and not ahead of the logs; else False, the state is of no use.

        A snapshot ahead of a log (rows were lost on the disk) would take rows that are gone for known ones.
        """
        whole = state.restore(self.path.read_bytes())
        if not whole:
            _log.warning("snapshot is damaged or of another version", path=str(self.path))
            return False
        if state.journal_sequence > journal.next_sequence:
            _log.error("snapshot is ahead of the journal", path=str(self.path), snapshot=state.journal_sequence)
            return False
        if state.quarantine_sequence > state.quarantine.log.next_sequence:
            _log.error("snapshot is ahead of the quarantine", path=str(self.path), snapshot=state.quarantine_sequence)
            return False
        self.sequence, self.quarantine_sequence = state.journal_sequence, state.quarantine_sequence
        return True


def _appended_bytes(intake: Intake) -> int:
    return intake.journal.appended_bytes + intake.state.quarantine.log.appended_bytes


def rebuild(journal: Journal, log: Journal, snapshots: Snapshots) -> IngestState:
    """The state as of the ends of the journal and of the quarantine's log.

    Raises DataLoss where the snapshot can not be used and stands for rows the journal no longer keeps.
    """
    state = IngestState(Quarantine(log))
    if snapshots.path.exists() and not snapshots.load(state, journal):
        if journal.first_sequence > 0:
            raise _rows_forgotten(snapshots.path, journal.first_sequence)
        state = IngestState(Quarantine(log))
    if journal.first_sequence > state.journal_sequence:
        _log.error("no snapshot: rows before the journal's first are forgotten", first=journal.first_sequence)
    for record in journal.read_from(max(state.journal_sequence, journal.first_sequence)):
        state.replay_journal(record)
        snapshots.replayed_bytes += len(record.payload)
    for record in log.read_from(max(state.quarantine_sequence, log.first_sequence)):
        state.replay_quarantine(record)
        snapshots.replayed_bytes += len(record.payload)
    return state


def _rows_forgotten(path: Path, first_sequence: int) -> DataLoss:
    return DataLoss(
        "SNAPSHOT_DAMAGED",
        f"expected a usable snapshot in {path.name}, since the journal keeps nothing before position {first_sequence}; "
        "found it damaged or ahead of the journal. Restore it from a copy, or remove it to go on with counts from "
        "there and older rows, if sent again, taken for new",
    )
