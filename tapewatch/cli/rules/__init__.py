"""`tapewatch rules`: the rules, what each says about itself, and the checks every one must pass."""

import typer

from tapewatch.cli.rules.checking import check_rules, lock_rules
from tapewatch.cli.rules.comparing import compare_rules
from tapewatch.cli.rules.listing import list_rules, show_rule
from tapewatch.cli.rules.previewing import preview_rules
from tapewatch.cli.rules.publishing import write_pages
from tapewatch.cli.rules.reviewing import review_thresholds
from tapewatch.cli.rules.setting import list_changes, set_parameters
from tapewatch.cli.rules.starting import start_rule

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The rules, their parameters and known gaps; writing one."
)
app.command("list")(list_rules)
app.command("show")(show_rule)
app.command("new")(start_rule)
app.command("check")(check_rules)
app.command("diff")(compare_rules)
app.command("lock")(lock_rules)
app.command("preview")(preview_rules)
app.command("review")(review_thresholds)
app.command("set")(set_parameters)
app.command("changes")(list_changes)
app.command("pages")(write_pages)
