"""`tapewatch cases compression`: alerts to cases on a simulated day, and how far from one case a scenario."""

import importlib
from typing import Annotated

import typer

from tapewatch.cli.configured import ConfigOption, JsonOption

DAY = "tapewatch.cli.compression.day"
"""Brings the engine and the simulator along, which the other commands of cases start faster without."""
SEED = 42
SEVERITY = 0.5


def compression(
    seed: Annotated[int, typer.Option("--seed", help="Of the simulated day.")] = SEED,
    schemes: Annotated[
        list[str] | None, typer.Option("--scheme", metavar="NAME", help="Only this scheme; may be repeated.")
    ] = None,
    severity: Annotated[float, typer.Option("--severity", min=0.0, max=1.0, help="Of the schemes.")] = SEVERITY,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a day with schemes, detect, record: how many cases the alerts become, under each grouping."""
    importlib.import_module(DAY).show_day(seed, schemes or (), severity, config, as_json=as_json)
