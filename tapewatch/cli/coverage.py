"""`tapewatch coverage`: which rule watches what, with what data, since when, and what is not watched and why."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from surveillance.v1 import detection_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import harmless, plain, print_json, print_table, time_text
from tapewatch.client.detection import DetectionClient

Lines = Iterable[detection_pb2.CoverageLine]
COLUMNS = (
    "rule_id", "source", "venue", "instrument", "watched", "reason", "data", "since_time_ns", "events", "regulations",
)  # fmt: skip
REASONS_SHOWN_MAX = 3
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

app = typer.Typer(add_completion=False)


@app.command()
def coverage(
    rule: Annotated[str, typer.Option("--rule", metavar="ID", help="Only this rule.")] = "",
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Only this source.")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every line as CSV.")] = False,
) -> None:
    """Show which rule watches what, with what data, since when; and what is not watched, and why."""
    if as_json and as_csv:
        raise WrongUsageError("--json and --csv: expected one of them, found both")
    answer = ask(DetectionClient, "detection", config, target, lambda client: client.coverage(rule, source))
    if as_json:
        print_json(answer)
    elif as_csv:
        write_csv(sys.stdout, answer.lines)
    else:
        show(answer)


def write_coverage(path: Path, answer: detection_pb2.GetCoverageResponse) -> None:
    """Writes coverage to a file: CSV of the lines where its name ends so, else one JSON object. Raises CommandError."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                write_csv(file, answer.lines)
            else:
                json.dump(plain(answer), file, ensure_ascii=False)
                file.write("\n")
    except OSError as error:
        raise CommandError(f"--coverage: expected a file that can be written, found {path}: {error}") from error


def write_csv(file: TextIO, lines: Lines) -> None:
    """The lines under COLUMNS; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cell(getattr(line, name)) for name in COLUMNS])


def _cell(value: Any) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else "; ".join(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def show(answer: detection_pb2.GetCoverageResponse) -> None:
    """By rule and by regulation."""
    canaries = {each.rule_id: each for each in answer.canaries}
    rows = (_row(rule_id, lines, canaries.get(rule_id)) for rule_id, lines in _by_rule(answer.lines))
    print_table(("rule", "watched>", "not>", "since", "data", "canary", "not watched because"), rows)
    print_table(
        ("regulation", "wording read", "watching", "of", "data"),
        (
            (each.regulation, _cell(each.verified), ", ".join(each.watching) or "none", len(each.rules),
             ", ".join(each.data))
            for each in answer.regulations
        ),
        title="\nBy regulation",
    )  # fmt: skip


def _by_rule(lines: Lines) -> Iterator[tuple[str, list[detection_pb2.CoverageLine]]]:
    found: dict[str, list[detection_pb2.CoverageLine]] = {}
    for line in lines:
        found.setdefault(line.rule_id, []).append(line)
    yield from found.items()


def _row(
    rule_id: str, lines: list[detection_pb2.CoverageLine], canary: detection_pb2.CanaryResult | None
) -> tuple[object, ...]:
    watched = [line for line in lines if line.watched]
    reasons = sorted({line.reason for line in lines if not line.watched})
    more = f" and {len(reasons) - REASONS_SHOWN_MAX} more reasons" if len(reasons) > REASONS_SHOWN_MAX else ""
    since_ns = min((line.since_time_ns for line in watched), default=0)
    data = sorted({each for line in watched for each in line.data})
    return (
        rule_id,
        len(watched),
        len(lines) - len(watched),
        time_text(since_ns),
        ", ".join(data),
        _canary(canary),
        "; ".join(reasons[:REASONS_SHOWN_MAX]) + more,
    )


def _canary(result: detection_pb2.CanaryResult | None) -> str:
    if result is None:
        return "-"
    if result.none_because:
        return f"none: {harmless(result.none_because)}"
    if result.missed:
        return f"missed {result.missed} on end"
    return f"found {time_text(result.passed_time_ns)}"
