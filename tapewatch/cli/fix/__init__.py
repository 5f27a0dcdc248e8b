"""`tapewatch fix`: FIX sessions and how their messages become events."""

import typer

from tapewatch.cli.fix import audit
from tapewatch.cli.fix.check_profile import check_profile
from tapewatch.cli.fix.instruments import list_instruments
from tapewatch.cli.fix.profiles import list_profiles
from tapewatch.cli.fix.sessions import list_sessions, reset

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="FIX: sessions, and how their messages become events."
)
app.command("profiles")(list_profiles)
app.command("check-profile")(check_profile)
app.command("instruments")(list_instruments)
app.command("sessions")(list_sessions)
app.command("reset")(reset)
app.add_typer(audit.app, name="audit")
