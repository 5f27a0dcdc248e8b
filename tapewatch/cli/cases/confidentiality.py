"""`tapewatch cases access`, `restrict`, `unrestrict`, `grant`, `revoke`, `hold`, `unhold`, `erase` and `desks`."""

import csv
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from surveillance.v1 import confidentiality_pb2 as pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import ActorOption, CaseArgument, ReasonOption
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import print_json, print_lines, print_table, time_text
from tapewatch.client.confidentiality import ConfidentialityClient
from tapewatch.client.errors import ClientError

Held = pb2.CaseConfidentiality
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Who, as their token names them.")]
MatterOption = Annotated[str, typer.Option("--matter", help="What it is for, such as an inquiry's number.")]


def show_access(
    case_id: CaseArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show who may see the case, what holds it, and when it may be erased."""
    _show(ask(ConfidentialityClient, "cases", config, target, lambda client: client.get(case_id)), as_json)


def restrict(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    names: Annotated[list[str] | None, typer.Option("--to", help="Who may see it too; may be repeated.")] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the case to you and the people named only; for all others it is not there."""
    _take(case_id, target, config, as_json, lambda client, seen: client.restrict(seen, actor, names or [], reason))


def unrestrict(
    case_id: CaseArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the case to everybody again, by their desks."""
    _take(case_id, target, config, as_json, lambda client, seen: client.lift(seen, actor, reason))


def grant(
    case_id: CaseArgument,
    name: NameArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let somebody see a restricted case. An administrator may do so for others without seeing it."""

    async def seen_or_not(client: ConfidentialityClient) -> Held:
        try:
            seen = await client.get(case_id)
        except ClientError as error:
            if error.reason != "CASE_NOT_FOUND":
                raise
            seen = Held(case_id=case_id)
        return await client.grant(seen, actor, name, reason)

    _show(ask(ConfidentialityClient, "cases", config, target, seen_or_not), as_json)


def revoke(
    case_id: CaseArgument,
    name: NameArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let somebody see a restricted case no more."""
    _take(case_id, target, config, as_json, lambda client, seen: client.revoke(seen, actor, name, reason))


def hold(
    case_id: CaseArgument,
    matter: MatterOption,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the case from being erased, for a matter."""
    _take(case_id, target, config, as_json, lambda client, seen: client.hold(seen, actor, matter, reason))


def unhold(
    case_id: CaseArgument,
    matter: MatterOption,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a matter's hold."""
    _take(case_id, target, config, as_json, lambda client, seen: client.release(seen, actor, matter, reason))


def erase(
    reason: ReasonOption,
    actor: ActorOption,
    case_ids: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Only these; else all due.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase closed cases that were kept as long as the policy says and that nothing holds."""

    async def erased(client: ConfidentialityClient) -> pb2.EraseCasesResponse:
        return await client.erase(actor, reason, case_ids or [], dry_run=dry_run)

    answer = ask(ConfidentialityClient, "cases", config, target, erased)
    if as_json:
        print_json(answer)
        return
    word = "would be erased" if dry_run else "erased"
    more = "; more are due: call again" if answer.more else ""
    typer.echo(f"{answer.cases} cases {word}, {answer.held} past their time are held{more}")


def desks(
    actor: ActorOption,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="CSV with account and desk; several rows an account may be.")
    ] = None,
    desk: Annotated[str, typer.Option("--desk", help="List accounts of this desk only.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="List at most so many.")] = 1_000,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which desks accounts trade for, from a file of reference data; or list what is known."""
    if file is not None:
        told = _desks_of(file)
        changed = ask(ConfidentialityClient, "cases", config, target, lambda client: client.record_desks(told, actor))
        typer.echo(f"{len(told)} accounts, {changed} changed")
        return
    found = ask(ConfidentialityClient, "cases", config, target, lambda client: client.list_desks(desk, limit))
    if as_json:
        print_json(found)
    else:
        print_table(("account", "desks"), ((each.account, ", ".join(each.desks)) for each in found))


def _desks_of(file: Path) -> dict[str, list[str]]:
    """Account -> desks; CommandError names the file and what is missing."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        if not {"account", "desk"} <= set(reader.fieldnames or ()):
            columns = ", ".join(reader.fieldnames or ()) or "none"
            raise CommandError(f"{file}: expected the columns account and desk, found {columns}")
        for row in reader:
            account, of = (row["account"] or "").strip(), (row["desk"] or "").strip()
            if account:
                found[account] += [of] if of else []
    return dict(found)


def _take(
    case_id: str,
    target: str | None,
    config: Path | None,
    as_json: bool,
    measure: Callable[[ConfidentialityClient, Held], Awaitable[Held]],
) -> None:
    """Read how it is, take the measure, show what it became."""

    async def read_and_take(client: ConfidentialityClient) -> Held:
        return await measure(client, await client.get(case_id))

    _show(ask(ConfidentialityClient, "cases", config, target, read_and_take), as_json)


def _show(held: Held, as_json: bool) -> None:
    if as_json:
        print_json(held)
        return
    restricted = f"{time_text(held.restrict_time_ns)} by {held.restricted_by}: {held.restrict_reason}"
    holds = (("hold", f"{h.matter}: {h.reason} ({h.actor}, {time_text(h.time_ns)})") for h in held.holds)
    print_lines(
        ("case", str(held.number)),
        ("restricted", restricted if held.restricted else "no: people of its desks see it"),
        *(("may see it", name) for name in held.names),
        *holds,
        ("kept until", time_text(held.retention_end_time_ns) if held.retention_end_time_ns else "it is closed, and on"),
        *((("erased", time_text(held.erase_time_ns)),) if held.erase_time_ns else ()),
    )
