"""`tapewatch cases assign`, `review`, `escalate`, `close`, `reopen` and `comment`."""

from typing import Annotated

import typer

from tapewatch.cli.cases.moving import moved
from tapewatch.cli.cases.options import ActorOption, CaseArgument, DispositionOption, ReasonOption, disposition_of
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption


def assign(
    case_id: CaseArgument,
    assignee: Annotated[str, typer.Option("--to", help="Who shall work it.")],
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give the case to an analyst."""
    moved(case_id, target, config, as_json, lambda client, case: client.assign_case(case, actor, assignee))


def review(
    case_id: CaseArgument,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin the review."""
    moved(case_id, target, config, as_json, lambda client, case: client.start_review(case, actor))


def escalate(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand the case up."""
    moved(case_id, target, config, as_json, lambda client, case: client.escalate_case(case, actor, reason))


def close(
    case_id: CaseArgument,
    disposition: DispositionOption,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the case."""
    ending = disposition_of(disposition)
    moved(case_id, target, config, as_json, lambda client, case: client.close_case(case, actor, ending, reason))


def reopen(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a closed case again."""
    moved(case_id, target, config, as_json, lambda client, case: client.reopen_case(case, actor, reason))


def comment(
    case_id: CaseArgument,
    text: Annotated[str, typer.Argument(help="What to add.")],
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a comment."""
    moved(case_id, target, config, as_json, lambda client, case: client.comment_case(case, actor, text))
