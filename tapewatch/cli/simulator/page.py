"""`tapewatch simulator page`: the page about all schemes, written from the schemes themselves."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.schemes.page import page_text

SCHEMES_PAGE = Path("docs/schemes.md")


def write_page(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where it goes.")] = SCHEMES_PAGE,
) -> None:
    """Write docs/schemes.md again; needs no running simulator."""
    out.write_text(page_text(), encoding="utf-8")
