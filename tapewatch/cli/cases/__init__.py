"""`tapewatch cases`: list, show and watch cases, and move them by verbs."""

import typer

from tapewatch.cli.cases.listing import list_cases
from tapewatch.cli.cases.showing import show_case
from tapewatch.cli.cases.verbs import assign, close, comment, escalate, reopen, review
from tapewatch.cli.cases.watching import watch_cases

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and watch cases; move them by verbs.")
app.command("list")(list_cases)
app.command("show")(show_case)
app.command("watch")(watch_cases)
app.command("assign")(assign)
app.command("review")(review)
app.command("escalate")(escalate)
app.command("close")(close)
app.command("reopen")(reopen)
app.command("comment")(comment)
