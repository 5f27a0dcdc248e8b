"""Arguments and options that the commands of `tapewatch cases` share."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from surveillance.v1 import case_pb2
from tapewatch.cli.configured import default_actor
from tapewatch.cli.failure import WrongUsageError

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Number or id of the case.")]
ActorOption = Annotated[str, typer.Option("--actor", help="Who acts.", default_factory=default_actor)]
DispositionOption = Annotated[
    str, typer.Option("--disposition", help="false-positive, no-action, warned, or reported (waits for somebody else).")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]
COMMANDS = {
    "AssignCase": "assign",
    "ReleaseCase": "release",
    "StartReview": "review",
    "EscalateCase": "escalate",
    "ReturnCase": "return",
    "ProposeClose": "close --disposition reported",
    "CloseCase": "close",
    "ApproveClose": "approve",
    "RejectClose": "reject",
    "WithdrawClose": "withdraw",
    "ReopenCase": "reopen",
    "CommentCase": "comment",
    "TagCase": "tag",
    "CheckStep": "check",
    "LinkCase": "link",
    "UnlinkCase": "unlink",
    "AttachFile": "attach",
}
"""Method of the case service -> the command that calls it."""
DISPOSITIONS = ("FALSE_POSITIVE", "NO_ACTION", "WARNED", "REPORTED")
"""How people close; KNOWN_BEHAVIOUR is for entries of known behaviour."""


def disposition_of(text: str) -> int:
    """The Disposition that people mean by a word, such as false-positive; WrongUsageError for another."""
    name = text.upper().replace("-", "_")
    if name not in DISPOSITIONS:
        raise WrongUsageError(f"--disposition: expected one of {', '.join(DISPOSITIONS)}, found {text!r}")
    return case_pb2.Disposition.Value(f"DISPOSITION_{name}")


def time_ns_of(option: str, text: str) -> int:
    """Nanoseconds since the Unix epoch of a UTC time such as 2026-03-02T14:30:00Z or of a day; WrongUsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsageError(f"{option}: expected a time such as 2026-03-02T14:30:00Z, found {text!r}") from None
    moment = found if found.tzinfo else found.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
