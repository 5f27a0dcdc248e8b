"""`tapewatch cases known`: behaviour that is known and in order."""

from typing import Annotated

import typer

from surveillance.v1 import subject_pb2
from tapewatch.cli.alerts import LimitOption
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import ActorOption, ReasonOption, time_ns_of
from tapewatch.cli.cases.subjects import EndedOption, KindOption, kind_of
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_lines, print_table, time_text, word
from tapewatch.client.subjects import SubjectClient

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Behaviour that is known and in order: its cases open closed."
)
EntryArgument = Annotated[str, typer.Argument(metavar="ENTRY", help="Id of the entry.")]
NamesOption = list[str] | None


@app.command()
def add(
    subject: Annotated[str, typer.Argument(metavar="NAME", help="Account, owner or instrument.")],
    until: Annotated[str, typer.Option("--until", help="When it expires, such as 2026-12-31; at most 400 days on.")],
    reason: ReasonOption,
    actor: ActorOption,
    kind: KindOption = "owner",
    typology: Annotated[NamesOption, typer.Option("--typology", help="Kind of abuse or family; all if absent.")] = None,
    instrument: Annotated[NamesOption, typer.Option("--instrument", help="All if absent.")] = None,
    venue: Annotated[NamesOption, typer.Option("--venue", help="All if absent.")] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter behaviour that is in order until it expires."""
    expire_time_ns = time_ns_of("--until", until)
    number = kind_of(kind)
    entry = ask(
        SubjectClient,
        "cases",
        config,
        target,
        lambda client: client.add_known(
            actor,
            number,
            subject,
            reason,
            expire_time_ns,
            typologies=typology or (),
            instruments=instrument or (),
            venues=venue or (),
        ),
    )
    _show(entry, as_json)


@app.command()
def end(
    entry_id: EntryArgument,
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End an entry before its time."""

    async def read_and_end(client: SubjectClient) -> subject_pb2.KnownBehaviour:
        return await client.end_known(await client.get_known(entry_id), actor, reason)

    _show(ask(SubjectClient, "cases", config, target, read_and_end), as_json)


@app.command()
def show(
    entry_id: EntryArgument, target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Show one entry."""
    _show(ask(SubjectClient, "cases", config, target, lambda client: client.get_known(entry_id)), as_json)


@app.command("list")
def list_entries(
    subject: Annotated[str, typer.Option("--subject", help="Only of this name.")] = "",
    show_ended: EndedOption = False,
    limit: LimitOption = 100,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List entries, newest first."""
    entries = ask(
        SubjectClient,
        "cases",
        config,
        target,
        lambda client: client.list_known(subject, limit, show_ended=show_ended),
    )
    if as_json:
        print_json(entries)
        return
    columns = ("entry", "kind", "subject", "typologies", "where", "until", "alerts>", "active", "reason")
    print_table(columns, (_row(each) for each in entries))


def _row(entry: subject_pb2.KnownBehaviour) -> tuple[object, ...]:
    return (
        entry.known_behaviour_id,
        word(entry, "subject_kind"),
        entry.subject,
        ", ".join(entry.typologies) or "all",
        ", ".join((*entry.venues, *entry.instruments)) or "all",
        time_text(entry.expire_time_ns),
        entry.alerts,
        "yes" if entry.active else "no",
        entry.reason,
    )


def _show(entry: subject_pb2.KnownBehaviour, as_json: bool) -> None:
    if as_json:
        print_json(entry)
        return
    ended = f"by {entry.ended_by} {time_text(entry.end_time_ns)}: {entry.end_reason}" if entry.end_time_ns else "-"
    print_lines(
        ("entry", entry.known_behaviour_id),
        ("subject", f"{word(entry, 'subject_kind')} {entry.subject}"),
        ("typologies", ", ".join(entry.typologies) or "all"),
        ("instruments", ", ".join(entry.instruments) or "all"),
        ("venues", ", ".join(entry.venues) or "all"),
        ("reason", entry.reason),
        ("author", f"{entry.author} {time_text(entry.create_time_ns)}"),
        ("until", time_text(entry.expire_time_ns)),
        ("ended", ended),
        ("active", "yes" if entry.active else "no"),
        ("alerts covered", str(entry.alerts)),
    )
