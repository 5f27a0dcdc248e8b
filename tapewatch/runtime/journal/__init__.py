"""The journal: an append-only, checksummed log in segments; what it says is durable has been synced to disk."""

from tapewatch.runtime.journal.extent import Recovery
from tapewatch.runtime.journal.files import FileLayer
from tapewatch.runtime.journal.journal import Journal, JournalError, JournalOptions, Retention
from tapewatch.runtime.journal.record import Record, RecordKind

__all__ = [
    "FileLayer",
    "Journal",
    "JournalError",
    "JournalOptions",
    "Record",
    "RecordKind",
    "Recovery",
    "Retention",
]
