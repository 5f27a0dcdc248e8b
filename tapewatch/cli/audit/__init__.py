"""`tapewatch audit`: the trail of every change, and its proof."""

import typer

from tapewatch.cli.audit.keys import app as keys
from tapewatch.cli.audit.listing import list_records
from tapewatch.cli.audit.proof import checkpoint, export, verify
from tapewatch.cli.rules.setting import list_changes

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The audit trail: list, sign, export and verify it.")
app.command("list")(list_records)
app.command("verify")(verify)
app.command("checkpoint")(checkpoint)
app.command("export")(export)
app.command("changes")(list_changes)
app.add_typer(keys, name="keys")
