"""`tapewatch cases bulk-assign` and `bulk-close`: many cases at once, each on its own."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import grpc
import typer

from surveillance.v1 import case_pb2, case_work_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.moving import by_command
from tapewatch.cli.cases.options import ActorOption, DispositionOption, ReasonOption, disposition_of
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import counted, print_json, print_table
from tapewatch.client.cases import CaseClient

CasesArgument = Annotated[list[str] | None, typer.Argument(metavar="CASE...", help="Numbers or ids of cases.")]
FilterOption = Annotated[str, typer.Option("--filter", metavar="TEXT", help="Instead: all cases that satisfy it.")]
Results = list[case_work_pb2.BatchResult]
CODES = {code.value[0]: code.name for code in grpc.StatusCode}


def bulk_assign(
    assignee: Annotated[str, typer.Option("--to", help="Who shall work them.")],
    actor: ActorOption,
    case_ids: CasesArgument = None,
    filter_text: FilterOption = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give many cases to an analyst; exit code 1 if any was refused."""
    _each(
        case_ids, filter_text, target, config, as_json, lambda client, seen: client.assign_cases(seen, actor, assignee)
    )


def bulk_close(
    disposition: DispositionOption,
    reason: ReasonOption,
    actor: ActorOption,
    case_ids: CasesArgument = None,
    filter_text: FilterOption = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End many cases; exit code 1 if any was refused."""
    ending = disposition_of(disposition)
    _each(
        case_ids,
        filter_text,
        target,
        config,
        as_json,
        lambda client, seen: client.close_cases(seen, actor, ending, reason),
    )


def _each(
    case_ids: Sequence[str] | None,
    filter_text: str,
    target: str | None,
    config: Path | None,
    as_json: bool,
    verb: Callable[[CaseClient, Sequence[case_pb2.Case]], Awaitable[Results]],
) -> None:
    if bool(case_ids) == bool(filter_text):
        raise WrongUsageError("expected cases or --filter, one of them, found " + ("both" if case_ids else "neither"))

    async def read_and_move(client: CaseClient) -> tuple[list[case_pb2.Case], Results]:
        if filter_text:
            seen = await client.list_cases(filter_text)
        else:
            seen = [await client.get_case(case_id) for case_id in dict.fromkeys(case_ids or ())]
        return seen, await verb(client, seen)

    seen, results = ask(CaseClient, "cases", config, target, read_and_move)
    if as_json:
        print_json(results)
    else:
        rows = (
            (case.number, "done" if not each.code else CODES.get(each.code, each.code), by_command(each.message))
            for case, each in zip(seen, results, strict=True)
        )
        print_table(("case>", "became", "why not"), rows)
    if refused := sum(each.code != 0 for each in results):
        raise CommandError(f"refused: {refused} of {counted(len(results), 'case')}; the others are done")
