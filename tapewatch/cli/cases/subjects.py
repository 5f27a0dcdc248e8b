"""Options that `tapewatch cases known` and `watchlist` share."""

from typing import Annotated

import typer

from surveillance.v1 import subject_pb2
from tapewatch.cli.failure import WrongUsageError

KINDS = ("account", "owner", "instrument")
KindOption = Annotated[str, typer.Option("--kind", help=f"What NAME names: {', '.join(KINDS)}.")]
EndedOption = Annotated[bool, typer.Option("--all", help="Also those expired or ended.")]


def kind_of(text: str) -> int:
    """The SubjectKind of a word; WrongUsageError for another."""
    if text not in KINDS:
        raise WrongUsageError(f"--kind: expected one of {', '.join(KINDS)}, found {text!r}")
    return subject_pb2.SubjectKind.Value(f"SUBJECT_KIND_{text.upper()}")
