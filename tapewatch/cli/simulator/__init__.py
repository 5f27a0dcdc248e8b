"""`tapewatch simulator`: a running simulator, and what the system makes of what it plays."""

import typer

from tapewatch.cli.simulator.page import write_page
from tapewatch.cli.simulator.running import adjust, reset, start, status, stop
from tapewatch.cli.simulator.schemes import inject, list_scenarios, list_schemes
from tapewatch.cli.simulator.watching import watch

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="A running simulator: start, stop, reset, inject a scheme, watch what happens.",
)
app.command("start")(start)
app.command("stop")(stop)
app.command("reset")(reset)
app.command("adjust")(adjust)
app.command("status")(status)
app.command("inject")(inject)
app.command("schemes")(list_schemes)
app.command("scenarios")(list_scenarios)
app.command("watch")(watch)
app.command("page")(write_page)
