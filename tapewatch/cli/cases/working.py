"""`tapewatch cases tag`, `checklist`, `check`, `link`, `unlink`, `attach` and `attachment`."""

import mimetypes
from pathlib import Path
from typing import Annotated

import typer

from surveillance.v1 import case_work_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.moving import moved
from tapewatch.cli.cases.options import ActorOption, CaseArgument, ReasonOption
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import print_json, print_table, time_text
from tapewatch.client.cases import CaseClient

OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="Number or id of the other case.")]
KINDS = {
    "related": case_work_pb2.LINK_KIND_RELATED,
    "duplicate-of": case_work_pb2.LINK_KIND_DUPLICATE_OF,
}


def tag(
    case_id: CaseArgument,
    actor: ActorOption,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="TAG", help="Put on; may be repeated.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Take off; may be repeated.")
    ] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put tags on and take some off."""
    moved(case_id, target, config, as_json, lambda client, case: client.tag_case(case, actor, add or [], remove or []))


def checklist(
    case_id: CaseArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show what the rules ask to look at, and what of it was done."""
    case = ask(CaseClient, "cases", config, target, lambda client: client.get_case(case_id))
    if as_json:
        print_json(list(case.checklist))
        return
    rows = (
        (each.step_id, "done" if each.done else "-", each.rule_id, each.text, _said(each)) for each in case.checklist
    )
    print_table(("step", "", "rule", "what to do", "said"), rows)


def _said(step: case_work_pb2.ChecklistStep) -> str:
    return f"{step.actor} {time_text(step.time_ns)} {step.note}".strip() if step.time_ns else ""


def check(
    case_id: CaseArgument,
    step_id: Annotated[str, typer.Argument(metavar="STEP", help="Id of the step; `checklist` shows them.")],
    actor: ActorOption,
    undo: Annotated[bool, typer.Option("--undo", help="It was not done after all.")] = False,
    note: Annotated[str, typer.Option("--note", help="What came of it.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a step of the checklist was done."""
    moved(
        case_id,
        target,
        config,
        as_json,
        lambda client, case: client.check_step(case, actor, step_id, done=not undo, note=note),
    )


def link(
    case_id: CaseArgument,
    other: OtherArgument,
    reason: ReasonOption,
    actor: ActorOption,
    kind: Annotated[str, typer.Option("--kind", help=f"{' or '.join(KINDS)} the other case.")] = "related",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that two cases belong together."""
    if kind not in KINDS:
        raise WrongUsageError(f"--kind: expected {' or '.join(KINDS)}, found {kind!r}")
    moved(
        case_id,
        target,
        config,
        as_json,
        lambda client, case: client.link_case(case, actor, other, KINDS[kind], reason),
    )


def unlink(
    case_id: CaseArgument,
    other: OtherArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the link of two cases away."""
    moved(case_id, target, config, as_json, lambda client, case: client.unlink_case(case, actor, other, reason))


def attach(
    case_id: CaseArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file.", exists=True, dir_okay=False)],
    actor: ActorOption,
    media_type: Annotated[str, typer.Option("--media-type", help="By the file's name where absent.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a file with the case."""
    content = file.read_bytes()
    kind = media_type or mimetypes.guess_type(file.name)[0] or ""
    moved(
        case_id, target, config, as_json, lambda client, case: client.attach_file(case, actor, file.name, content, kind)
    )


def attachment(
    case_id: CaseArgument,
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="The file's hash; `show` names them.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it; must not exist.")],
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
) -> None:
    """Write a file kept with the case."""
    found = ask(CaseClient, "cases", config, target, lambda client: client.get_attachment(case_id, sha256, actor))
    try:
        with out.open("xb") as file:
            file.write(found.content)
    except FileExistsError as error:
        raise CommandError(f"--out {out}: expected a name that is not taken, found a file; choose another") from error
    print(f"{found.attachment.name}, {found.attachment.media_type}, {found.attachment.size_bytes} bytes: {out}")
