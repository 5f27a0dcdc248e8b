"""`tapewatch cases`: list, show and watch cases, and move them by verbs."""

import typer

from tapewatch.cli.cases import known, watchlist
from tapewatch.cli.cases.bulk import bulk_assign, bulk_close
from tapewatch.cli.cases.compression import compression
from tapewatch.cli.cases.confidentiality import (
    desks,
    erase,
    grant,
    hold,
    restrict,
    revoke,
    show_access,
    unhold,
    unrestrict,
)
from tapewatch.cli.cases.deciding import approve, hand_back, reject, release, withdraw
from tapewatch.cli.cases.evidence import replay_case, show_evidence
from tapewatch.cli.cases.history import show_history
from tapewatch.cli.cases.listing import list_cases
from tapewatch.cli.cases.reports import export_case, make_report, show_statistics, verify_export
from tapewatch.cli.cases.showing import show_case
from tapewatch.cli.cases.verbs import assign, close, comment, escalate, reopen, review
from tapewatch.cli.cases.watching import watch_cases
from tapewatch.cli.cases.working import attach, attachment, check, checklist, link, tag, unlink

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
app.command("release")(release)
app.command("return")(hand_back)
app.command("approve")(approve)
app.command("reject")(reject)
app.command("withdraw")(withdraw)
app.command("tag")(tag)
app.command("checklist")(checklist)
app.command("check")(check)
app.command("link")(link)
app.command("unlink")(unlink)
app.command("attach")(attach)
app.command("attachment")(attachment)
app.command("bulk-assign")(bulk_assign)
app.command("bulk-close")(bulk_close)
app.command("history")(show_history)
app.command("compression")(compression)
app.add_typer(known.app, name="known")
app.add_typer(watchlist.app, name="watchlist")
app.command("evidence")(show_evidence)
app.command("replay")(replay_case)
app.command("report")(make_report)
app.command("export")(export_case)
app.command("verify-export")(verify_export)
app.command("statistics")(show_statistics)
app.command("access")(show_access)
app.command("restrict")(restrict)
app.command("unrestrict")(unrestrict)
app.command("grant")(grant)
app.command("revoke")(revoke)
app.command("hold")(hold)
app.command("unhold")(unhold)
app.command("erase")(erase)
app.command("desks")(desks)
