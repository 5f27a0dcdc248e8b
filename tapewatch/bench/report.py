"""The figures for people: tables, and a page of Markdown."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from tapewatch.bench.figure import Figure
from tapewatch.cli.output import table

COLUMNS = ("part", "figure", "measured>", "low..high>", "floor>", "target>", "ratio>", "note")
BIG = 100
SMALL = 0.01


def number(value: float) -> str:
    """A value with the digits worth reading."""
    if value == 0:
        return "0"
    if abs(value) >= BIG:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < SMALL else f"{value:.2f}"


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure in the order of COLUMNS; the ratio is to the floor, to the target where there is no floor."""
    spread = f"{number(figure.low)}..{number(figure.high)}" if figure.runs > 1 else ""
    ratio = figure.ratio_to(figure.target if figure.floor is None else figure.floor)
    return (
        figure.part,
        figure.name,
        f"{number(figure.value)} {figure.unit}".rstrip(),
        spread,
        *("" if limit is None else f"{_sign(figure)} {number(limit)}" for limit in (figure.floor, figure.target)),
        "" if ratio is None else f"{ratio:.2f}" + ("" if ratio >= 1 else " !"),
        figure.note,
    )


def _sign(figure: Figure) -> str:
    return "<=" if figure.lower_is_better else ">="


def _columns(figures: Sequence[Figure]) -> tuple[str, ...]:
    """COLUMNS with those of the details between; in a table with a title, none that is empty."""
    details = dict.fromkeys(f"{name}>" for figure in figures for name in figure.details)
    everything = (*COLUMNS[:3], *details, *COLUMNS[3:])
    if not figures[0].table:
        return everything
    rows = [_named_cells(figure) for figure in figures]
    return tuple(name for name in everything if name != "part" and any(row.get(name) for row in rows))


def _named_cells(figure: Figure) -> dict[str, str]:
    details = {f"{name}>": number(value) for name, value in figure.details.items()}
    return dict(zip(COLUMNS, cells(figure), strict=True)) | details


def _tables(figures: Iterable[Figure]) -> Iterator[tuple[str, tuple[str, ...], list[list[str]]]]:
    """Title, columns and rows of each table, the one without a title first."""
    by_title: dict[str, list[Figure]] = {"": []}
    for figure in figures:
        by_title.setdefault(figure.table, []).append(figure)
    for title, members in by_title.items():
        if members:
            columns = _columns(members)
            yield title, columns, [[_named_cells(figure).get(name, "") for name in columns] for figure in members]


def figures_tables(figures: Iterable[Figure]) -> list[Table]:
    """The tables for a terminal."""
    return [table(columns, rows, f"\n{title}" if title else "") for title, columns, rows in _tables(figures)]


def machine_line(described: Mapping[str, Any]) -> str:
    """One line on what was measured on."""
    return (
        f"{described['cores']} cores of {described['processor']}, {described['system']}, Python {described['python']}, "
        f"engine {described['engine']}, load {described['load']} before the run"
    )


def markdown(
    figures: Sequence[Figure], described: Mapping[str, Any], date: str, remark: str = "", page: str = ""
) -> str:
    """The page of figures, a section a part; `remark` says what else is to be known of the run.

    Sections of parts that were not measured are those of `page`, the page as it was, to the letter.
    """
    sections = {found["part"]: found[0] for found in _SECTION.finditer(page)}
    measured = f"Measured on {date}: {machine_line(described)}. {remark}".rstrip()
    for part in dict.fromkeys(figure.part for figure in figures):
        lines = _section([figure for figure in figures if figure.part == part], measured)
        sections[part] = "\n".join((_BEGIN.format(part), *lines, _END.format(part), ""))
    return "\n".join((*_HEAD, *_READING, "", "\n".join(sections.values())))


def _section(figures: Sequence[Figure], measured: str) -> Iterator[str]:
    yield from (f"## {_TITLES.get(figures[0].part, figures[0].part.capitalize())}", "", measured, "")
    for title, columns, rows in _tables(figures):
        header = [name.rstrip(">") for name in columns]
        rule = ["---:" if name.endswith(">") else "---" for name in columns]
        body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
        if title:
            yield from (f"### {title}", "")
        yield from ("| " + " | ".join(row) + " |" for row in (header, rule, *body))
        yield ""


_TITLES = {"fix": "FIX"}
_BEGIN, _END = "<!-- {} -->", "<!-- end of {} -->"
_SECTION = re.compile(r"^<!-- (?P<part>\w+) -->\n.*?^<!-- end of (?P=part) -->\n", re.MULTILINE | re.DOTALL)
_HEAD = (
    "# Performance",
    "",
    "Written by `tapewatch bench [PART ...] --markdown`, each section when its part was measured last; not edited.",
    "",
)
_READING = (
    "Medians of repeated runs, with their extremes. Figures of one process (engine, codec, forest) are by CPU time; "
    "those of several",
    "processes (pipeline, socket, store) by the clock, with whatever else the machine did: a load above the number of "
    "cores before the",
    "run means that it was shared, and those figures are low by as much. A ratio above 1 meets the floor (the target "
    "where there is no",
    "floor); `!` marks what does not. Senders run on the same cores as what they send to, a counterparty of FIX on "
    "another; requests",
    "are encoded before.",
    "",
    "The realistic mix is 48 % new, 42 % cancel, 5 % replace and 5 % fill, of 5,000 accounts in 200 instruments,",
    "all rules on; a million events of it go by before any counts. Engines that are compared stand side by side and",
    "take as many events each by turns, so that a ratio is of costs of one moment. A rule's cost is the time of its",
    "evaluation, in a run with timers; what leaving it out saves holds its conditions and what the core does for it",
    "alone, told where it is above the noise.",
)
