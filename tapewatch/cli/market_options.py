"""Options about the simulated market, the same of `tapewatch simulate` and `tapewatch simulator`."""

from typing import Annotated

import typer

from simulator.schemes.camouflage import AXES, Camouflage
from simulator.venues import MARKETS, MarketName
from tapewatch.cli.failure import WrongUsageError

CamouflageOption = Annotated[
    str,
    typer.Option(
        "--camouflage",
        metavar="AXES",
        help=f"How schemes hide: axes out of {', '.join(AXES)}, or all; each full, or AXIS=0..1; comma apart.",
    ),
]


def camouflage_of(text: str) -> Camouflage:
    """The camouflage a --camouflage means; WrongUsageError where it means none."""
    try:
        return Camouflage.parse(text)
    except ValueError as error:
        raise WrongUsageError(f"--{error}") from error


def camouflage_axes(text: str) -> dict[str, float]:
    """The same as requests carry it: the axes that are not 0."""
    return {axis: value for axis, value in camouflage_of(text).values().items() if value}


def market_named(name: str) -> MarketName:
    """The market a --market means; WrongUsageError for a name that is none."""
    found = next((each for each in MARKETS if each == name), None)
    if found is None:
        raise WrongUsageError(f"--market: expected one of {', '.join(MARKETS)}, found {name!r}")
    return found
