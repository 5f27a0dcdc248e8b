"""Reference data named on a command line."""

from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.failure import CommandError
from tapewatch.client.ingest import IngestClient
from tapewatch.market.reference import TABLES, Reference, ReferenceDataError, read_table
from tapewatch.runtime.security import SecuritySettings


def _option(name: str, what: str) -> object:
    return typer.Option(name, metavar="FILE", exists=True, dir_okay=False, help=f"{what}, CSV.")


AccountsOption = Annotated[Path | None, _option("--accounts", "Who owns which account")]
InstrumentsOption = Annotated[Path | None, _option("--instruments", "What is traded")]
AnnouncementsOption = Annotated[Path | None, _option("--announcements", "What was announced when")]
PositionsOption = Annotated[Path | None, _option("--positions", "What accounts held at the start")]
FxRatesOption = Annotated[Path | None, _option("--fx-rates", "What currencies are worth")]
RestrictedOption = Annotated[Path | None, _option("--restricted", "Accounts and instruments not to be dealt in")]


def read_reference(**files: Path | None) -> Reference:
    """The tables of some files, by table; CommandError names file, row and column of a mistake."""
    try:
        return Reference.of(**{name: read_table(name, path) for name, path in files.items() if path})
    except ReferenceDataError as error:
        raise CommandError(str(error)) from error


def reference_beside(folder: Path) -> Reference:
    """The tables in the folder of a simulated run, each under its name."""
    return read_reference(**{name: path for name in TABLES if (path := folder / f"{name}.csv").exists()})


async def publish_reference(address: str, security: SecuritySettings, reference: Reference) -> int:
    """Journal the tables as a control record, in force for the events after it; the same tables are journalled once."""
    async with IngestClient(address, security) as client:
        return await client.publish_reference(reference)
