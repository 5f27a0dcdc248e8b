"""`tapewatch rules pages`: the public pages of the rules."""

from pathlib import Path
from typing import Annotated

import typer

from detection_service.rules.catalogue import RULES
from detection_service.rules.pages import pages
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import counted, print_lines

MEND = "tapewatch rules pages"


def write_pages(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the pages go.")] = Path("docs/rules"),
    check: Annotated[
        bool, typer.Option("--check", help="Only say which pages are not as they would be written.")
    ] = False,
) -> None:
    """Write a page a rule and an index from metadata and scenarios."""
    made = pages(RULES)
    before = {path.name: path.read_text(encoding="utf-8") for path in sorted(out.glob("*.md"))}
    wrong = sorted(name for name in {*made, *before} if made.get(name) != before.get(name))
    if check:
        if wrong:
            raise CommandError(f"{out}: not as written from the rules: {', '.join(wrong)}; run `{MEND}`")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name in wrong:
        if name in made:
            (out / name).write_text(made[name], encoding="utf-8")
        else:
            (out / name).unlink()
    print_lines((str(out), f"{counted(len(made), 'page')}, {len(wrong)} changed"))
