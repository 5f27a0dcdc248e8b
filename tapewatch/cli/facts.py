"""`tapewatch facts`: whether the simulated market looks like one, beside recorded markets and published figures."""

from pathlib import Path
from typing import Annotated

import typer

from ingest_service.formats import DEFAULT_OPTIONS
from simulator.simulation import Simulation, SimulationConfig
from simulator.stylised_facts.comparison import UNCHECKED_MARK, as_json, compare, headers, table_rows
from simulator.stylised_facts.impact import impact_curve, impact_exponent
from simulator.stylised_facts.measures import Measured, measure
from simulator.stylised_facts.recording import record
from simulator.stylised_facts.statistics import Array
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.files import open_files
from tapewatch.cli.output import print_json, print_lines, print_table

app = typer.Typer(add_completion=False)
PICTURES = (".png", ".svg")


@app.command()
def facts(
    recorded_files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES...]", exists=True, dir_okay=False, help="Recorded, order by order, to show beside."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulated market.")] = 1001,
    minutes: Annotated[float, typer.Option("--minutes", min=5.0, help="Simulated length.")] = 240.0,
    repetitions: Annotated[
        int, typer.Option("--impact", min=0, help="Markets played for each parent order's size.")
    ] = 24,
    plot: Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Draw the facts: .png or .svg.")] = None,
    as_json_text: JsonOption = False,
) -> None:
    """Measure a simulated market, without any abuse, beside recorded markets and published figures."""
    if plot is not None and plot.suffix not in PICTURES:
        raise WrongUsageError(f"--plot: expected a file ending in {' or '.join(PICTURES)}, found {plot.name!r}")
    simulated = simulated_facts(seed, minutes)
    recorded = recorded_facts(recorded_files or [])
    impact = impact_curve(seed, repetitions=repetitions)
    rows = compare(list(simulated.values()), recorded, impact_exponent(*impact))
    if plot is not None:
        _draw(plot, simulated, recorded, impact, f"{minutes:g} simulated minutes, seed {seed}")
    if as_json_text:
        print_json({"seed": seed, "minutes": minutes, "facts": as_json(rows)})
        return
    print_table(headers(rows), table_rows(rows))
    held, known = sum(row.holds is True for row in rows), sum(row.holds is not None for row in rows)
    print_lines(
        ("hold", f"{held} of {known}"), (UNCHECKED_MARK, "told from memory, not checked against the source's text")
    )


def simulated_facts(seed: int, minutes: float) -> dict[str, Measured]:
    """Measure every instrument of a market without schemes."""
    simulation = Simulation(SimulationConfig(seed=seed, minutes=minutes))
    return {name.split()[-1]: measure(one) for name, one in record(simulation.rows()).items()}


def recorded_facts(paths: list[Path]) -> dict[str, Measured]:
    """Measure every instrument of recorded files, in any format that `detect` reads."""
    found: dict[str, Measured] = {}
    for file in open_files(paths, "auto", DEFAULT_OPTIONS):
        recordings = record(row for frame in file.frames() for row in frame.rows())
        found |= {name.split()[-1]: measure(one) for name, one in recordings.items()}
    return found


def _draw(
    path: Path,
    simulated: dict[str, Measured],
    recorded: dict[str, Measured],
    impact: tuple[Array, Array, Array],
    title: str,
) -> None:
    try:
        from simulator.stylised_facts.plot import draw

        draw(path, simulated, recorded, impact, title)
    except ModuleNotFoundError as error:
        raise CommandError(
            "--plot needs matplotlib: install the extra 'plots' (pip install 'tapewatch[plots]')"
        ) from error
