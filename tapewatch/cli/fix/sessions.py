"""`tapewatch fix sessions` and `tapewatch fix reset`: the running gateway's sessions."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.table import Table

from surveillance.v1 import fix_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, default_actor, security_of
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.output import console, print_json, table
from tapewatch.client.fix import FixClient

REFRESH_S = 1.0
NANOSECONDS_A_SECOND = 1_000_000_000
COLUMNS = (
    "session",
    "state",
    "peer",
    "in>",
    "out>",
    "waiting>",
    "messages>",
    "gaps>",
    "resends>",
    "garbled>",
    "rejects>",
    "throttled>",
    "lag s>",
    "skew s>",
    "last",
)


def list_sessions(
    watch: Annotated[bool, typer.Option("--watch", help="Go on, once a second, until Ctrl-C.")] = False,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The gateway's sessions: state, numbers, gaps, lag, clock skew, garbled messages."""
    if watch and as_json:
        raise WrongUsageError("expected --watch or --json, found both")
    if watch:
        asyncio.run(_watch(config, target))
        return
    found = ask(FixClient, "fix", config, target, lambda client: client.list_sessions())
    if as_json:
        print_json(found)
    else:
        console().print(_table(found))
        console().print(_below(found))


def reset(
    session: Annotated[str, typer.Option("--session", help="Its name, or its counterparty's CompID.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the audit log.")],
    actor: Annotated[str, typer.Option("--actor", help="Who acts.", default_factory=default_actor)],
    force: Annotated[bool, typer.Option("--force", help="Log it out first where it is logged on.")] = False,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let both numbers of a session begin again at 1. The counterparty has to do the same."""
    done = ask(
        FixClient, "fix", config, target, lambda client: client.reset_session(session, actor, reason, force=force)
    )
    if as_json:
        print_json(done)
        return
    typer.echo(
        f"{done.name}: next inbound {done.inbound_before} and outbound {done.outbound_before} of epoch "
        f"{done.epoch_before} are 1 in epoch {done.epoch_after}, by {done.actor}"
    )


async def _watch(config: Path | None, target: str | None) -> None:
    async with FixClient(address_of("fix", config, target), security_of(config)) as client:
        with Live(_table(await client.list_sessions()), console=console(), auto_refresh=False) as live:
            while True:
                await asyncio.sleep(REFRESH_S)
                live.update(_table(await client.list_sessions()), refresh=True)


def _table(found: fix_pb2.ListFixSessionsResponse) -> Table:
    return table(COLUMNS, map(_row, found.sessions))


def _row(each: fix_pb2.FixSession) -> tuple[object, ...]:
    reading = "" if not each.peer_address or each.reading else " (not read)"
    return (
        each.name,
        each.state + reading,
        each.peer_address or "-",
        each.next_inbound_sequence,
        each.next_outbound_sequence,
        each.waiting_messages,
        each.messages,
        *(each.events.get(kind, 0) for kind in ("gap", "resend", "garbled", "reject")),
        each.throttled,
        _seconds(each.lag_ns) if each.HasField("lag_ns") else "-",
        _seconds(each.clock_skew_ns) if each.HasField("clock_skew_ns") else "-",
        each.last_event,
    )


def _seconds(span_ns: int) -> str:
    return f"{span_ns / NANOSECONDS_A_SECOND:.3f}"


def _below(found: fix_pb2.ListFixSessionsResponse) -> str:
    refused = ", ".join(f"{count} {reason}" for reason, count in sorted(found.refusals.items())) or "none"
    return f"connections: {found.connections}; refused since the gateway started: {refused}"
