"""`tapewatch cases`: list, show and watch cases, and move them by verbs."""

import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from surveillance.v1 import case_pb2
from tapewatch.cli.alerts import AllOption, FilterOption, LimitOption, WatchLimitOption
from tapewatch.cli.calls import ask, show_each
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import console, harmless, print_json, print_lines, print_table, time_text, word
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import ClientError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, show and watch cases; move them by verbs.")

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Number or id of the case.")]
ActorOption = Annotated[str, typer.Option("--actor", help="Who acts.", default_factory=getpass.getuser)]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]
COMMANDS = {
    "AssignCase": "assign",
    "StartReview": "review",
    "EscalateCase": "escalate",
    "CloseCase": "close",
    "ReopenCase": "reopen",
    "CommentCase": "comment",
}
"""Method of the case service -> the command that calls it."""
DISPOSITIONS = ("FALSE_POSITIVE", "NO_ACTION", "WARNED", "REPORTED")
"""How people close; KNOWN_BEHAVIOUR is for entries of known behaviour."""


@app.command("list")
def list_cases(
    filter_text: FilterOption = "",
    limit: LimitOption = 100,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases, newest first."""
    cases = ask(CaseClient, "cases", config, target, lambda client: client.list_cases(filter_text, limit))
    if as_json:
        print_json(cases)
        return
    columns = ("case>", "state", "priority>", "severity", "rules", "instrument", "who", "alerts>", "title")
    print_table(columns, (_row(case) for case in cases))


def _row(case: case_pb2.Case) -> tuple[object, ...]:
    return (
        case.number,
        word(case, "state"),
        case.priority,
        word(case, "severity"),
        ", ".join(case.rule_ids),
        f"{case.venue} {case.instrument}",
        ", ".join(case.owners or case.accounts) or "-",
        len(case.alert_ids),
        case.title,
    )


@app.command("show")
def show_case(
    case_id: CaseArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show one case with its explanations and comments."""
    case = ask(CaseClient, "cases", config, target, lambda client: client.get_case(case_id))
    _show(case, as_json)


def _show(case: case_pb2.Case, as_json: bool) -> None:
    if as_json:
        print_json(case)
        return
    ended = f": {word(case, 'disposition')}, {case.disposition_reason}" if case.disposition else ""
    print_lines(
        ("case", f"{case.number} ({case.case_id[:12]}): {case.title}"),
        ("state", f"{word(case, 'state')}{ended}"),
        ("priority", f"{case.priority}, {word(case, 'severity')}, score {case.score:.2f}"),
        ("assignee", case.assignee or "-"),
        ("due", time_text(case.due_time_ns)),
        ("where", f"{case.venue} {case.instrument}"),
        ("when", f"{time_text(case.start_time_ns)} to {time_text(case.end_time_ns)}"),
        ("accounts", ", ".join(case.accounts) or "-"),
        ("owners", ", ".join(case.owners) or "-"),
        *(("why", explanation) for explanation in case.explanations),
        *(("alert", alert_id) for alert_id in case.alert_ids),
        *(("comment", f"{time_text(each.time_ns)} {each.author}: {each.text}") for each in case.comments),
    )


@app.command("watch")
def watch_cases(
    everything: AllOption = False,
    limit: WatchLimitOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print cases as they change, until Ctrl-C."""

    def show(case: case_pb2.Case) -> None:
        if as_json:
            print_json(case, flush=True)
        else:
            console().print(harmless(f"case {case.number} {word(case, 'state')} {case.title}"))

    ask(
        CaseClient,
        "cases",
        config,
        target,
        lambda client: show_each(
            client.watch_cases("0" if everything else ""), lambda answer: show(answer.case), limit
        ),
    )


@app.command()
def assign(
    case_id: CaseArgument,
    assignee: Annotated[str, typer.Option("--to", help="Who shall work it.")],
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give the case to an analyst."""
    _move(case_id, target, config, as_json, lambda client, case: client.assign_case(case, actor, assignee))


@app.command()
def review(
    case_id: CaseArgument,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin the review."""
    _move(case_id, target, config, as_json, lambda client, case: client.start_review(case, actor))


@app.command()
def escalate(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand the case up."""
    _move(case_id, target, config, as_json, lambda client, case: client.escalate_case(case, actor, reason))


@app.command()
def close(
    case_id: CaseArgument,
    disposition: Annotated[str, typer.Option("--disposition", help=f"One of {', '.join(DISPOSITIONS)}.")],
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the case."""
    name = disposition.upper().replace("-", "_")
    if name not in DISPOSITIONS:
        raise WrongUsageError(f"--disposition: expected one of {', '.join(DISPOSITIONS)}, found {disposition!r}")
    ending = case_pb2.Disposition.Value(f"DISPOSITION_{name}")
    _move(case_id, target, config, as_json, lambda client, case: client.close_case(case, actor, ending, reason))


@app.command()
def reopen(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a closed case again."""
    _move(case_id, target, config, as_json, lambda client, case: client.reopen_case(case, actor, reason))


@app.command()
def comment(
    case_id: CaseArgument,
    text: Annotated[str, typer.Argument(help="What to add.")],
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a comment."""
    _move(case_id, target, config, as_json, lambda client, case: client.comment_case(case, actor, text))


def _move(
    case_id: str,
    target: str | None,
    config: Path | None,
    as_json: bool,
    verb: Callable[[CaseClient, case_pb2.Case], Awaitable[case_pb2.Case]],
) -> None:
    """Read the case, apply the verb to what was read, show what it became."""

    async def read_and_move(client: CaseClient) -> case_pb2.Case:
        return await verb(client, await client.get_case(case_id))

    try:
        case = ask(CaseClient, "cases", config, target, read_and_move)
    except ClientError as error:
        if error.reason != "ILLEGAL_TRANSITION":
            raise
        raise CommandError(by_command(error.message)) from error
    _show(case, as_json)


def by_command(text: str) -> str:
    """A sentence of the service with its methods named as the commands that call them."""
    for method, command in COMMANDS.items():
        text = text.replace(method, command)
    return text
