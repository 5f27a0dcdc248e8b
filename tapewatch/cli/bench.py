"""`tapewatch bench`: rates and latencies of this machine; the measuring itself is tapewatch.bench."""

import importlib
from typing import Annotated

import typer

from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError, WrongUsageError

app = typer.Typer()
PARTS = ("engine", "fix", "pipeline", "forest", "store")


@app.command()
def bench(
    parts: Annotated[list[str] | None, typer.Argument(help=f"Any of {', '.join(PARTS)}; all without.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure rates and p50/p99 latencies on this machine."""
    unknown = [part for part in parts or () if part not in PARTS]
    if unknown:
        raise WrongUsageError(f"expected parts among {', '.join(PARTS)}, found {', '.join(unknown)}")
    try:
        module = importlib.import_module("tapewatch.bench")
    except ModuleNotFoundError as error:
        raise CommandError("the bench is not part of this installation: install tapewatch from a checkout") from error
    raise typer.Exit(module.run(parts or PARTS, as_json=as_json))
