"""`tapewatch cases watchlist`: names to watch."""

from typing import Annotated

import typer

from surveillance.v1 import subject_pb2
from tapewatch.cli.alerts import LimitOption
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import ActorOption, ReasonOption, time_ns_of
from tapewatch.cli.cases.subjects import EndedOption, KindOption, kind_of
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_table, time_text, word
from tapewatch.client.subjects import SubjectClient

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Names to watch: cases that name them are tagged and more urgent."
)
ListOption = Annotated[str, typer.Option("--list", help="The watch list.")]


@app.command()
def add(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="The watch list, such as insiders.")],
    subject: Annotated[str, typer.Argument(metavar="NAME", help="Account, owner or instrument.")],
    reason: ReasonOption,
    actor: ActorOption,
    kind: KindOption = "owner",
    raised: Annotated[int, typer.Option("--raise", min=0, max=3, help="How far it raises the priority.")] = 1,
    until: Annotated[str, typer.Option("--until", help="When it expires; never if absent.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a name on a watch list."""
    expire_time_ns = time_ns_of("--until", until) if until else 0
    number = kind_of(kind)
    entry = ask(
        SubjectClient,
        "cases",
        config,
        target,
        lambda client: client.add_watch(
            actor, list_name, number, subject, reason, priority_raise=raised, expire_time_ns=expire_time_ns
        ),
    )
    _show([entry], as_json)


@app.command()
def remove(
    entry_id: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of the entry.")],
    reason: ReasonOption,
    actor: ActorOption,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a name off a watch list; cases keep their tags."""

    async def read_and_end(client: SubjectClient) -> subject_pb2.WatchEntry:
        return await client.end_watch(await client.get_watch(entry_id), actor, reason)

    _show([ask(SubjectClient, "cases", config, target, read_and_end)], as_json)


@app.command("list")
def list_entries(
    list_name: ListOption = "",
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
        lambda client: client.list_watched(list_name, subject, limit, show_ended=show_ended),
    )
    _show(entries, as_json)


def _show(entries: list[subject_pb2.WatchEntry], as_json: bool) -> None:
    if as_json:
        print_json(entries)
        return
    columns = ("entry", "list", "kind", "subject", "raise>", "until", "active", "author", "reason")
    print_table(columns, (_row(each) for each in entries))


def _row(entry: subject_pb2.WatchEntry) -> tuple[object, ...]:
    return (
        entry.watch_entry_id,
        entry.list,
        word(entry, "subject_kind"),
        entry.subject,
        entry.priority_raise,
        time_text(entry.expire_time_ns) if entry.expire_time_ns else "always",
        "yes" if entry.active else "no",
        entry.author,
        entry.reason,
    )
