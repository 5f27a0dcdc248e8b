"""`tapewatch bench`: rates and latencies of this machine; the measuring itself is tapewatch.bench."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import console, print_json, progress_bar
from tapewatch.engine_mode import warn_once_if_interpreted

if TYPE_CHECKING:
    from tapewatch.bench.figure import Figure

app = typer.Typer(add_completion=False)
PARTS = ("engine", "fix", "pipeline", "forest", "store", "simulator")
SECONDS = 3.0


@app.command()
def bench(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Any of {', '.join(PARTS)}; all without.")] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, max=60, help="Time for the repeats of each measurement.")
    ] = SECONDS,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write a page, too; its other parts stay."),
    ] = None,
    remark: Annotated[str, typer.Option("--remark", help="What the page should say of the run.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Measure rates and p50/p99 latencies on this machine, beside what they must be."""
    chosen = parts or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise WrongUsageError(f"expected parts among {', '.join(PARTS)}, found {', '.join(unknown)}")
    if markdown is not None and not markdown.parent.is_dir():
        raise CommandError(
            f"--markdown: expected a file in an existing directory, found no directory {markdown.parent}"
        )
    warn_once_if_interpreted()
    described, figures = _measure(chosen, seconds)
    from tapewatch.bench import report

    if markdown is not None:
        date = time.strftime("%Y-%m-%d", time.gmtime())
        before = markdown.read_text(encoding="utf-8") if markdown.exists() else ""
        markdown.write_text(report.markdown(figures, described, date, remark, before), encoding="utf-8")
    if as_json:
        print_json({"machine": described, "seconds": seconds, "figures": [figure.to_json() for figure in figures]})
        return
    console().print(report.machine_line(described))
    for table in report.figures_tables(figures):
        console().print(table)


def _measure(parts: list[str], seconds: float) -> "tuple[dict[str, Any], list[Figure]]":
    from tapewatch.bench.figure import BenchError
    from tapewatch.bench.machine import machine
    from tapewatch.bench.run import MEASURES, run  # what they measure takes a second to import

    described = machine()
    figures: list[Figure] = []
    try:
        with progress_bar("measuring", sum(len(MEASURES[part]) for part in parts)) as advance:
            for found in run(parts, seconds):
                figures += found
                advance(1)
    except BenchError as error:
        raise CommandError(str(error)) from error
    return described, figures
