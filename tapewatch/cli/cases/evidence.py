"""`tapewatch cases evidence` and `replay`: what is pinned to a case, and its book step by step."""

from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated

import typer

from surveillance.v1 import evidence_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import ActorOption, CaseArgument
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import print_json, print_lines, print_table, time_text, word
from tapewatch.client.evidence import EvidenceClient

NANOSECONDS_OF_SECOND = 1_000_000_000
LINKS_SHOWN_MAX = 20

FromOption = Annotated[str, typer.Option("--from", metavar="TIME", help="Such as 2026-03-02 or 2026-03-02T09:30:00.5.")]
ToOption = Annotated[str, typer.Option("--to", metavar="TIME", help="End, exclusive; as --from.")]


def show_evidence(
    case_id: CaseArgument,
    actor: ActorOption,
    pin: Annotated[bool, typer.Option("--pin", help="Ask that it be pinned now, in the background.")] = False,
    before_s: Annotated[float | None, typer.Option("--before-s", help="With --pin: seconds before the case.")] = None,
    after_s: Annotated[float | None, typer.Option("--after-s", help="With --pin: seconds after the case.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="With --pin: why.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is pinned to a case, the rules as they were, related alerts and linked accounts with why."""
    if not pin and (before_s is not None or after_s is not None):
        raise WrongUsageError("--before-s, --after-s: expected with --pin only")

    async def both(client: EvidenceClient) -> tuple[evidence_pb2.Evidence, evidence_pb2.CaseContext | None]:
        if pin:
            return await client.pin_evidence(case_id, actor, reason, before_s, after_s), None
        return await client.get_evidence(case_id), await client.get_context(case_id)

    found, context = ask(EvidenceClient, "cases", config, target, both)
    if as_json:
        print_json({"evidence": found, "context": context})
        return
    _show(found)
    if context is not None:
        _show_context(context)


def _show(found: evidence_pb2.Evidence) -> None:
    print_lines(
        ("evidence", f"{word(found, 'state')}{f', revision {found.revision}' if found.revision else ''}"),
        ("window", f"{time_text(found.from_time_ns)} to {time_text(found.to_time_ns)}"),
        ("events", str(found.events)),
        ("opening", "known whole" if found.opening_is_whole else "not proven to be whole"),
        *((("problem", found.problem),) if found.problem else ()),
        *((each.name, f"{each.sha256} ({each.size_bytes} bytes)") for each in found.parts),
        *((("manifest", found.manifest_sha256),) if found.manifest_sha256 else ()),
    )


def _show_context(context: evidence_pb2.CaseContext) -> None:
    rules = (
        (
            each.rule.rule_id,
            each.rule.version,
            "yes" if each.is_same else "not proven",
            ", ".join(f"{one.name}={one.value:g}" for one in each.rule.parameters),
        )
        for each in context.rules
    )
    print_table(("rule", "version", "as for the alert", "parameters"), rules, "Rules as they were")
    links = ((each.account, each.other_account, each.count or "", each.why) for each in context.links[:LINKS_SHOWN_MAX])
    print_table(("account", "other", "times>", "why"), links, "Linked accounts")
    related = (
        (time_text(each.alert.start_time_ns), each.alert.rule_id, each.alert.alert_id[:12], each.why)
        for each in context.related_alerts
    )
    print_table(("start", "rule", "alert", "why"), related, "Related alerts")
    for problem in context.problems:
        typer.echo(problem, err=True)


def replay_case(
    case_id: Annotated[str, typer.Argument(metavar="[CASE]", help="Number or id of the case.")] = "",
    venue: Annotated[str, typer.Option("--venue", help="Without a case: the venue.")] = "",
    instrument: Annotated[str, typer.Option("--instrument", help="Without a case: the instrument.")] = "",
    begin: FromOption = "",
    end: ToOption = "",
    levels: Annotated[int, typer.Option("--levels", min=1, max=50, help="Levels of each side shown.")] = 3,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many events.")] = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Step through the book of a case, or of a market and time: each event with the book after it.

    The part of a level that belongs to the case's accounts is given in brackets. With --json one object an event.
    """
    if bool(case_id) == bool(venue and instrument):
        raise WrongUsageError("expected a CASE, or --venue and --instrument with --from and --to")
    if not case_id and not (begin and end):
        raise WrongUsageError("--from and --to: expected both without a CASE")
    from_ns, to_ns = (time_ns_of(text, name) if text else 0 for text, name in ((begin, "--from"), (end, "--to")))

    async def steps(client: EvidenceClient) -> int:
        shown = 0
        pages = client.replay_book(case_id, venue=venue, instrument=instrument, from_time_ns=from_ns, to_time_ns=to_ns)
        async with aclosing(pages):
            async for page in pages:
                for row in _rows(page, levels):
                    print_json(row) if as_json else typer.echo(_line(row))
                    shown += 1
                    if shown == limit:
                        return shown
        return shown

    if ask(EvidenceClient, "cases", config, target, steps) == 0:
        raise CommandError("expected events of the market in the window, found none")


Levels = dict[tuple[int, float], evidence_pb2.BookLevel]


def _rows(page: evidence_pb2.ReplayBookResponse, count: int) -> Iterator[dict[str, object]]:
    """Each step of a page with the book after it, best levels first."""
    book: Levels = {}
    for side, found in ((1, page.snapshot.bids), (2, page.snapshot.asks)):
        book |= {(side, each.price): each for each in found}
    for step in page.steps:
        for change in step.changes:
            key = (int(change.side), change.level.price)
            if change.level.quantity or change.level.orders:
                book[key] = change.level
            else:
                book.pop(key, None)
        event = step.event.event
        yield {
            "sequence": step.event.sequence,
            "event_time_ns": event.event_time_ns,
            "kind": word(event, "kind"),
            "account": event.account,
            "order_id": event.order_id,
            "side": word(event, "side") if event.side else "",
            "price": event.price if event.HasField("price") else None,
            "quantity": event.quantity if event.HasField("quantity") else None,
            "bids": _best(book, 1, count),
            "asks": _best(book, 2, count),
        }


def _best(book: Levels, side: int, count: int) -> list[list[float]]:
    """[price, quantity, subject's quantity] of the best levels of a side."""
    prices = sorted((price for at, price in book if at == side), reverse=side == 1)[:count]
    return [[price, book[side, price].quantity, book[side, price].subject_quantity] for price in prices]


def _line(row: dict[str, object]) -> str:
    bids = "  ".join(_level(each) for each in reversed(row["bids"]))  # type: ignore[call-overload]  # of _rows
    asks = "  ".join(_level(each) for each in row["asks"])  # type: ignore[attr-defined]  # of _rows
    what = f"{row['kind']!s:<8} {row['side']!s:<4} {_number(row['price']):>10} {_number(row['quantity']):>9}"
    time = time_text(int(str(row["event_time_ns"])))[11:26]
    account = "".join(each if each.isprintable() else "?" for each in str(row["account"]))
    return f"{time} {what} {account:<14.14} | {bids or '-':>36} | {asks or '-'}"


def _level(level: list[float]) -> str:
    price, quantity, own = level
    return f"{quantity:g}{f' [{own:g}]' if own else ''} @ {price:g}"


def _number(value: object) -> str:
    return "" if value is None else f"{value:g}"


def time_ns_of(text: str, name: str) -> int:
    """Nanoseconds of a date or time in ISO 8601, UTC where no zone is given; WrongUsageError naming the option."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsageError(f"{name}: expected a time such as 2026-03-02T09:30:00, found {text!r}") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
