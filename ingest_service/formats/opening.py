"""Opening a file as events: which format it is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ingest_service.formats.bitstamp_feed import BitstampFormat
from ingest_service.formats.content import head_of
from ingest_service.formats.contract import DEFAULT_OPTIONS, EventFile, Format, FormatError, FormatOptions
from ingest_service.formats.events import EventsFormat
from ingest_service.formats.lobster import LobsterFormat
from ingest_service.formats.simple import SimpleFormat
from ingest_service.formats.trades import TradesFormat

AUTO: Final = "auto"
FIRST_BYTES_SHOWN: Final = 48
_MEMBERS: Final[tuple[Format, ...]] = (
    EventsFormat(),
    LobsterFormat(),
    BitstampFormat(),
    TradesFormat(),
    SimpleFormat(),
)
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({format_.name: format_ for format_ in _MEMBERS})
_NONE: Final[Mapping[str, Format]] = MappingProxyType({})


def open_events(
    path: Path,
    format: str = AUTO,
    options: FormatOptions = DEFAULT_OPTIONS,
    extra_formats: Mapping[str, Format] = _NONE,
) -> EventFile:
    """Opens a file as events; `report.decided` says why it was taken for its format.

    `format` is `auto` or a name of FORMATS or `extra_formats`. Raises FormatError, naming the file, when it can not be
    opened, when its format is unknown or could be several, or when its header shows that it can not be read.
    """
    formats = {**FORMATS, **extra_formats}
    if path.is_dir():
        raise FormatError(f"{path}: expected a file, found a folder: name the files in it")
    if format != AUTO:
        if format not in formats:
            raise FormatError(f"unknown format {format!r}: expected {', '.join((AUTO, *formats))}")
        return formats[format].open(path, options)
    chosen, why = _recognised(path, formats)
    file = formats[chosen].open(path, options)
    file.report.decided = why
    return file


def _recognised(path: Path, formats: Mapping[str, Format]) -> tuple[str, str]:
    head = head_of(path)
    reasons = {name: why for name, format_ in formats.items() if (why := format_.sniff(path, head)) is not None}
    if len(reasons) == 1:
        return next(iter(reasons.items()))
    if not head:
        raise FormatError(f"{path}: the file is empty; an event file has at least a header")
    choice = f"choose one of {', '.join(formats)} with the format option"
    if reasons:
        several = "; ".join(f"{name}, for {why}" for name, why in reasons.items())
        raise FormatError(f"{path}: its format is ambiguous: it may be {several}. {choice.capitalize()}.")
    raise FormatError(
        f"{path}: its format is not known: it begins with {head[:FIRST_BYTES_SHOWN]!r}. "
        f"{choice.capitalize()}, or give it the columns of the event table."
    )
