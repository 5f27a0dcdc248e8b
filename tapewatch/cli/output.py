"""Printing: tables and JSON on standard output, progress on a terminal, text of strangers made harmless."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import Message
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 200
PROGRESS_AFTER_S = 2.0
NANOSECONDS_A_SECOND = 1_000_000_000


def console(*, error: bool = False) -> Console:
    """A console for standard output (or error), wide where it is piped; no markup, no highlighting."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def harmless(text: str) -> str:
    """The text with control characters, which could drive a terminal, shown as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def lines(texts: Iterable[str]) -> Text:
    """Texts one below the other, for a cell."""
    return Text("\n".join(harmless(text) for text in texts))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table; columns whose name ends with `>` are right-aligned."""
    console().print(table(columns, rows, title))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    """The table `print_table` prints."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(harmless(str(cell))) for cell in row))
    return made


def print_lines(*lines: tuple[str, str]) -> None:
    """Named values, one a line (more where they are long)."""
    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in lines:
        shown.add_row(Text(name), Text(harmless(value)))
    console().print(shown)


def print_json(value: object, *, flush: bool = False) -> None:
    """One JSON document; messages as objects with their field names."""
    indent = 2 if sys.stdout.isatty() else None
    print(json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False), flush=flush)


def plain(value: object) -> Any:
    """Messages, and lists and mappings of them, as JSON values: whole numbers stay numbers, enums lose their prefix."""
    if isinstance(value, Message):
        return {field.name: _field(value, field) for field in value.DESCRIPTOR.fields}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _field(message: Message, field: Any) -> Any:
    value: Any = getattr(message, field.name)
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return {str(key): plain(each) for key, each in sorted(value.items())}
    if field.is_repeated:
        return [plain(each) if inner is not None else each for each in value]
    if field.has_presence and not message.HasField(field.name):
        return None
    return enum_word(field, value) if field.enum_type is not None else plain(value)


def enum_word(field: Any, value: int) -> str:
    """SEVERITY_HIGH of the field `severity` as HIGH; a number this version does not know as it is."""
    values = field.enum_type.values_by_number
    if value not in values:
        return str(value)
    prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return str(values[value].name).removeprefix(prefix)


def word(message: Message, name: str) -> str:
    """The word of an enum field of a message."""
    return enum_word(message.DESCRIPTOR.fields_by_name[name], getattr(message, name))


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 case, 2 cases."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def time_text(time_ns: int) -> str:
    """Nanoseconds since the epoch as UTC text to the microsecond; `-` for 0."""
    if time_ns == 0:
        return "-"
    seconds, nanoseconds = divmod(time_ns, NANOSECONDS_A_SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{nanoseconds // 1_000:06d}Z"


@contextmanager
def progress_bar(title: str, total: float | None) -> Iterator[Any]:
    """Yields `advance(amount)`; a bar appears on a terminal once the work has taken PROGRESS_AFTER_S seconds."""
    if not sys.stderr.isatty():
        yield lambda amount: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console(error=True),
        transient=True,
    )
    task = bar.add_task(title, total=total)
    begun_s = bar.get_time()

    def advance(amount: float) -> None:
        bar.advance(task, amount)
        if not bar.live.is_started and bar.get_time() - begun_s >= PROGRESS_AFTER_S:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
