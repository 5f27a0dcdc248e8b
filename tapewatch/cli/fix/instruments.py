"""`tapewatch fix instruments`: the instruments a FIX log defines, as reference data."""

import csv
from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import counted
from tapewatch.fix.instrument_mapping import InstrumentRow, map_instruments
from tapewatch.fix.log_reader import read_log
from tapewatch.fix.profile import ProfileError, load_profile

COLUMNS = (
    "instrument",
    "venue",
    "asset_class",
    "product",
    "isin",
    "underlying",
    "currency",
    "multiplier",
    "tick_size",
    "lot_size",
)


def list_instruments(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="A shipped profile or a YAML file.")],
    log: Annotated[
        Path, typer.Argument(metavar="LOG", exists=True, dir_okay=False, help="A log with FIX messages, plain or gz.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the table goes, CSV.")],
) -> None:
    """The instruments that security definitions and lists (d, y) of a log name, for `detect --instruments`."""
    try:
        chosen = load_profile(profile)
    except ProfileError as error:
        raise WrongUsageError(str(error)) from None
    found: dict[tuple[str, str], InstrumentRow] = {}
    for item in read_log(log, chosen):
        for row in map_instruments(item.message, chosen):
            found[row["venue"], row["instrument"]] = row
    if not found:
        raise CommandError(f"{log}: expected security definitions or lists (35=d, y), found none")
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(found.values())
    print(f"{counted(len(found), 'instrument')} written to {out}")
