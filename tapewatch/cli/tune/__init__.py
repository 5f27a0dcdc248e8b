"""`tapewatch tune`: what a rule's parameters cost, and a value proposed; nothing is changed."""

import typer

from tapewatch.cli.tune.tuning import tune

app = typer.Typer(add_completion=False)
app.command()(tune)
