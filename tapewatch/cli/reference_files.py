"""Reference data named on a command line."""

from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.failure import CommandError
from tapewatch.market.reference import Reference, ReferenceDataError, read_table


def _option(name: str, what: str) -> object:
    return typer.Option(name, metavar="FILE", exists=True, dir_okay=False, help=f"{what}, CSV.")


AccountsOption = Annotated[Path | None, _option("--accounts", "Who owns which account")]
InstrumentsOption = Annotated[Path | None, _option("--instruments", "What is traded")]
AnnouncementsOption = Annotated[Path | None, _option("--announcements", "What was announced when")]


def read_reference(accounts: Path | None, instruments: Path | None, announcements: Path | None) -> Reference:
    """The tables of some files; CommandError names file, row and column of a mistake."""
    try:
        return Reference.of(
            accounts=read_table("accounts", accounts) if accounts else (),
            instruments=read_table("instruments", instruments) if instruments else (),
            announcements=read_table("announcements", announcements) if announcements else (),
        )
    except ReferenceDataError as error:
        raise CommandError(str(error)) from error
