"""`tapewatch cases release`, `return`, `approve`, `reject` and `withdraw`."""

from typing import Annotated

import typer

from tapewatch.cli.cases.moving import moved
from tapewatch.cli.cases.options import ActorOption, CaseArgument, ReasonOption
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption


def release(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up who works the case."""
    moved(case_id, target, config, as_json, lambda client, case: client.release_case(case, actor, reason))


def hand_back(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    assignee: Annotated[str, typer.Option("--to", help="Who shall work it; who had it where absent.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand an escalated case back; its clock begins anew."""
    moved(case_id, target, config, as_json, lambda client, case: client.return_case(case, actor, reason, assignee))


def approve(
    case_id: CaseArgument,
    actor: ActorOption,
    reason: Annotated[str, typer.Option("--reason", help="Why, where there is more to say.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree that the case is closed as reported, which somebody else proposed."""
    moved(case_id, target, config, as_json, lambda client, case: client.approve_close(case, actor, reason))


def reject(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse that the case is closed as reported, which somebody else proposed."""
    moved(case_id, target, config, as_json, lambda client, case: client.reject_close(case, actor, reason))


def withdraw(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take your own proposal to close the case as reported back."""
    moved(case_id, target, config, as_json, lambda client, case: client.withdraw_close(case, actor, reason))
