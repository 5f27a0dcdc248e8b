"""Files as events: `open_events(path)` gives an EventFile: `frames()` are the rows, `report` says the rest."""

from ingest_service.formats.contract import (
    DEFAULT_OPTIONS,
    EventFile,
    FileReport,
    Format,
    FormatError,
    FormatOptions,
    RowFault,
)
from ingest_service.formats.opening import AUTO, FORMATS, open_events

__all__ = [
    "AUTO",
    "DEFAULT_OPTIONS",
    "FORMATS",
    "EventFile",
    "FileReport",
    "Format",
    "FormatError",
    "FormatOptions",
    "RowFault",
    "open_events",
]
