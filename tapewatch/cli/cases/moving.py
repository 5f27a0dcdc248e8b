"""Moving a case by a verb: read it, apply the verb to what was read, show what it became."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from surveillance.v1 import case_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import COMMANDS
from tapewatch.cli.cases.showing import show
from tapewatch.cli.failure import CommandError
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import ClientError

BY_STATE = frozenset(
    {"ILLEGAL_TRANSITION", "CLOSE_PENDING", "NO_CLOSE_PENDING", "FOUR_EYES", "NOT_THE_PROPOSER", "NO_ASSIGNEE"}
)
"""Reasons of refusals that name methods, which people know as commands."""


def moved(
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
        if error.reason not in BY_STATE:
            raise
        raise CommandError(by_command(error.message)) from error
    show(case, as_json)


def by_command(text: str) -> str:
    """A sentence of the service with its methods named as the commands that call them."""
    for method, command in COMMANDS.items():
        text = text.replace(method, command)
    return text
