"""Event files named on a command line: opened with the format said or recognised."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ingest_service.formats import AUTO, FORMATS, EventFile, FormatError, FormatOptions, open_events
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.fix_format import FixFormat

FIX_FORMAT = FixFormat()
EXTRA_FORMATS = {FIX_FORMAT.name: FIX_FORMAT}
KNOWN_FORMATS = (AUTO, *FORMATS, *EXTRA_FORMATS)

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILES...", exists=True, dir_okay=False, help="Event files.")
]
FormatOption = Annotated[str, typer.Option("--format", help=f"One of {', '.join(KNOWN_FORMATS)}.")]
VenueOption = Annotated[str | None, typer.Option("--venue", help="Venue, where the file does not say.")]
InstrumentOption = Annotated[str | None, typer.Option("--instrument", help="Instrument, where the file does not say.")]
DateOption = Annotated[
    str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Trading day, where the file does not say.")
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="How a FIX log maps: `tapewatch fix profiles`, or a YAML file."),
]


@contextmanager
def explained() -> Iterator[None]:
    """Files that can not be read end the command with their message."""
    try:
        yield
    except FormatError as error:
        raise CommandError(str(error)) from error


def refuse_cut(files: Sequence[EventFile]) -> None:
    """CommandError, exit code 1, where a file was cut: what was done stands, and is less than was asked for."""
    if cut := [file.report.cut for file in files if file.report.cut]:
        raise CommandError("\n".join(cut))


def open_files(paths: Sequence[Path], file_format: str, options: FormatOptions) -> list[EventFile]:
    """Open every file before any is read, so that a wrong one costs no time."""
    if file_format not in KNOWN_FORMATS:
        raise WrongUsageError(f"--format: expected one of {', '.join(KNOWN_FORMATS)}, found {file_format!r}")
    with explained():
        return [open_events(path, file_format, options, EXTRA_FORMATS) for path in paths]
