"""Arguments and options that the commands of `tapewatch cases` share."""

import getpass
from typing import Annotated

import typer

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
