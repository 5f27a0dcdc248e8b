"""How a profile's check of a log looks on a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tapewatch.cli.output import console, counted, print_lines, print_table
from tapewatch.fix.dictionary import ADMIN_TYPES
from tapewatch.fix.mapping import Row
from tapewatch.fix.names import TAG_NAMES, message_name
from tapewatch.fix.profile_check import KNOWN_COLUMNS, MappedMessage, ProfileCheck

LINES_MAX = 40
COLUMNS: tuple[tuple[str, str], ...] = (
    ("instrument", "instrument"),
    ("account", "account"),
    ("trader", "trader"),
    ("order", "order_id"),
    ("client order", "client_order_id"),
    ("previous", "previous_order_id"),
    ("side", "side"),
    ("price>", "price"),
    ("quantity>", "quantity"),
    ("leaves>", "leaves_quantity"),
    ("execution", "execution_id"),
    ("of", "reference_execution_id"),
    ("trade", "trade_id"),
    ("contra", "contra_account"),
    ("bid>", "bid_price"),
    ("ask>", "ask_price"),
    ("phase", "phase"),
)
"""Heading and column of the event; those no event listed has are left out."""
LEAVING_ORDER = (
    *(
        "account",
        "order",
        "side",
        "price>",
        "quantity>",
        "execution",
        "client order",
        "leaves>",
        "trade",
        "previous",
        "of",
    ),
    *("bid>", "ask>", "contra", "trader", "phase"),
)
"""The last is left out first where a terminal is narrow."""
GAP = 2
NOTE_WIDTH_MIN = 24


def show(check: ProfileCheck, listed: Sequence[MappedMessage], log: Path) -> None:
    """Prints the messages, the ways they map, what was left, and the sums."""
    report = check.report
    if not report.messages:
        print(f"no FIX message in {log}" + "".join(f"; {count} times: {why}" for why, count in report.garbled.items()))
        return
    _show_messages(check, listed)
    print_table(
        ("message", "by", "events", "messages>", "share>"),
        [
            (message_name(msg_type), code, kinds or "-", count, _share(count, report.messages))
            for (msg_type, code, kinds), count in check.ways.most_common(LINES_MAX)
        ],
        title="How messages map",
    )
    _show_notes("Read, and flagged", check.flags, check)
    _show_notes("No event, and why", check.unmapped, check)
    _show_unread(check)
    print("\nSummary")
    print_lines(*_summary(check))


def _show_messages(check: ProfileCheck, listed: Sequence[MappedMessage]) -> None:
    rows = [row for mapped in listed for row in mapped.rows]
    columns = [(heading, name) for heading, name in COLUMNS if any(name in row for row in rows)]
    lines = [line for mapped in listed for line in _lines(mapped, [name for _, name in columns])]
    headings = ["#>", "message", "by", "event", *(heading for heading, _ in columns), "note"]
    has_notes = any(line[-1] for line in lines)
    headings = headings if has_notes else headings[:-1]
    hidden = _hidden(headings, lines, console().width)
    shown = [place for place, heading in enumerate(headings) if heading not in hidden]
    print_table(
        [headings[each] for each in shown], [[line[each] for each in shown] for line in lines], title="Messages"
    )
    if hidden:
        print(f"too narrow for: {', '.join(name.rstrip('>') for name in hidden)} (a wider terminal or --json has all)")
    left_out = check.report.messages - len(listed)
    if left_out > 0:
        print(f"... and {counted(left_out, 'more message')}: --limit 0 lists all")
    print()


def _lines(mapped: MappedMessage, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A line an event; one line for a message without."""
    is_of_session = mapped.message.msg_type in ADMIN_TYPES
    head = (str(mapped.place), message_name(mapped.message.msg_type), mapped.code)
    note = "" if is_of_session else mapped.note or ""
    for part, row in enumerate(mapped.rows or [{}]):
        first = head if part == 0 else ("", "", "")
        yield (*first, str(row.get("kind", "-")), *(_cell(row, name) for name in names), "" if part else note)


def _hidden(headings: Sequence[str], lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """The headings of the columns to leave out, the least telling first, until the rest fits the width."""
    widths = {
        heading: max(len(heading), *(len(line[place]) for line in lines), 0) + GAP
        for place, heading in enumerate(headings)
    }
    widths["note"] = min(widths.get("note", 0), NOTE_WIDTH_MIN)
    hidden: list[str] = []
    for heading in reversed([each for each in LEAVING_ORDER if each in widths]):
        if sum(widths.values()) <= width:
            break
        del widths[heading]
        hidden.append(heading)
    return hidden


def _cell(row: Row, name: str) -> str:
    value = row.get(name)
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _show_notes(title: str, notes: dict[str, int], check: ProfileCheck) -> None:
    if not notes:
        return
    ordered = sorted(notes.items(), key=lambda each: -each[1])
    rows = [(why, count, _share(count, check.report.messages), check.first_places[why]) for why, count in ordered]
    print()
    print_table(("why", "messages>", "share>", "first at #>"), rows[:LINES_MAX], title=title)
    _say_left_out(len(rows))


def _show_unread(check: ProfileCheck) -> None:
    if not check.unread:
        return
    ordered = sorted(check.unread.items(), key=lambda each: (-each[1].count, each[0]))
    rows = [
        (tag, TAG_NAMES.get(tag, ""), ", ".join(sorted(found.types)), found.count, found.example)
        for tag, found in ordered
    ]
    print()
    print_table(("tag>", "name", "in", "times>", "example"), rows[:LINES_MAX], title="Left unread")
    _say_left_out(len(rows))


def _say_left_out(count: int) -> None:
    if count > LINES_MAX:
        print(f"... and {count - LINES_MAX} more: --json has all")


def _summary(check: ProfileCheck) -> Iterator[tuple[str, str]]:
    report, profile = check.report, check.profile
    without = report.messages - check.with_events - check.of_session
    yield "profile", f"{profile.name} (requests: {profile.requests})"
    yield "messages", str(report.messages)
    yield "  with events", _part(check.with_events, report.messages)
    yield "  of the session", _part(check.of_session, report.messages)
    yield "  without an event", _part(without, report.messages)
    yield "  flagged", _part(check.flagged, report.messages)
    yield (
        "events",
        ", ".join([str(check.events), *(f"{n} {kind}" for kind, n in sorted(report.events_by_kind.items()))]),
    )
    for column in KNOWN_COLUMNS if check.events else ():
        yield f"  with {column}", _part(check.known[column], check.events)
    yield from _faults(check)
    if profile.reports == "fills":
        yield "rules", "the profile says that only fills are copied: rules about orders do not apply to this source"


def _faults(check: ProfileCheck) -> Iterator[tuple[str, str]]:
    report = check.report
    if check.duplicates:
        yield "  duplicates", f"{_part(check.duplicates, check.events)} have the key of an earlier one"
    for why, count in check.rejections.most_common(LINES_MAX):
        yield "  ingest refuses", f"{_part(count, check.events)}: {why}"
    for source, count in sorted(check.missing.items()):
        remedy = "ask for them again" if check.profile.recovery == "resend" else "reconcile them from elsewhere"
        yield "numbers missing", f"{count} of {source}: in a whole log, {remedy}"
    if report.repeated:
        yield "numbers repeated", f"{report.repeated} were there before"
    if report.bad_checksum or report.bad_length:
        yield "edited", f"wrong checksums: {report.bad_checksum}, wrong lengths: {report.bad_length}; read all the same"
    for why, count in report.garbled.items():
        yield "garbled", f"{count} times: {why}"


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "-"


def _part(count: int, total: int) -> str:
    return f"{count} ({_share(count, total)})"
