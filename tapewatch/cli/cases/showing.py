"""`tapewatch cases show`: one case."""

from typing import Annotated

import typer

from surveillance.v1 import case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import CaseArgument, time_ns_of
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_lines, time_text, word
from tapewatch.client.cases import CaseClient


def show_case(
    case_id: CaseArgument,
    revision: Annotated[int, typer.Option("--revision", min=0, help="As it was at this revision.")] = 0,
    as_of: Annotated[str, typer.Option("--as-of", help="As it was then, such as 2026-03-02T14:30:00Z.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one case with its explanations and comments, as it is or as it was."""
    as_of_time_ns = time_ns_of("--as-of", as_of) if as_of else 0
    case = ask(
        CaseClient,
        "cases",
        config,
        target,
        lambda client: client.get_case(case_id, revision=revision, as_of_time_ns=as_of_time_ns),
    )
    show(case, as_json)


def show(case: case_pb2.Case, as_json: bool) -> None:
    """Print a case as JSON or in lines."""
    if as_json:
        print_json(case)
        return
    ended = f": {word(case, 'disposition')}, {case.disposition_reason}" if case.disposition else ""
    pending = case.pending_close
    print_lines(
        ("case", f"{case.number} ({case.case_id[:12]}): {case.title}"),
        ("state", f"{word(case, 'state')}{ended}, revision {case.revision}"),
        *(
            (("proposed", f"{word(pending, 'disposition')} by {pending.proposer}: {pending.reason}"),)
            if case.HasField("pending_close")
            else ()
        ),
        ("priority", f"{case.priority}, {word(case, 'severity')}, score {case.score:.2f}"),
        *((("because", "; ".join(case.priority_reasons)),) if case.priority_reasons else ()),
        ("assignee", case.assignee or "-"),
        ("due", f"{time_text(case.due_time_ns)} {word(case, 'ageing').lower().replace('_', ' ')}"),
        *((("tags", ", ".join(case.tags)),) if case.tags else ()),
        ("where", f"{case.venue} {case.instrument}"),
        ("when", f"{time_text(case.start_time_ns)} to {time_text(case.end_time_ns)}"),
        ("accounts", ", ".join(case.accounts) or "-"),
        ("owners", ", ".join(case.owners) or "-"),
        *(("why", explanation) for explanation in case.explanations),
        *(("alert", alert_id) for alert_id in case.alert_ids),
        *(
            (f"{word(each, 'kind').lower().replace('_', ' ')}", f"case {each.number}: {each.reason}")
            for each in case.links
        ),
        *(("file", f"{each.name} ({each.size_bytes} bytes) {each.sha256}") for each in case.attachments),
        *(("step", f"{'done' if each.done else 'to do'}: {each.text}") for each in case.checklist),
        *(("comment", f"{time_text(each.time_ns)} {each.author}: {each.text}") for each in case.comments),
    )
