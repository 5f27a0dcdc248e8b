"""`tapewatch certs`: development certificates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.configured import JsonOption
from tapewatch.cli.output import print_json
from tapewatch.runtime.certificates import SERVICE_NAMES, init_certificates

app = typer.Typer(add_completion=False, help="Development certificates for mutual TLS.")


@app.callback()
def _group() -> None:
    """Keeps `certs` a group while it has one command."""


@app.command("init")
def init(
    directory: Annotated[Path, typer.Option("--directory", metavar="DIR", help="Where they go.")] = Path("certs"),
    days: Annotated[int, typer.Option("--days", help="How long they are valid.")] = 90,
    names: Annotated[list[str] | None, typer.Option("--name", help="For these services only; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make an authority and one certificate a service; what exists is kept."""
    written = init_certificates(directory, names or SERVICE_NAMES, days, datetime.now(UTC), force=force)
    if as_json:
        print_json({"directory": str(directory), "written": [str(path) for path in written]})
    else:
        typer.echo(
            "\n".join(map(str, written)) if written else f"{directory}: everything was there; --force replaces it"
        )
