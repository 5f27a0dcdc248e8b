"""`tapewatch rules review`: samples of what lay just below the line of a rule's thresholds, and a sheet to fill in."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.engine.configuration import EngineConfiguration
from detection_service.rules.rule import Parameter
from ingest_service.formats import FormatOptions
from tapewatch.alert import Alert
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.detect import RulesDirectoryOption, configuration_of
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.files import FilesArgument, FormatOption, InstrumentOption, VenueOption
from tapewatch.cli.output import print_json, print_lines, print_table, time_text
from tapewatch.cli.reference_files import AccountsOption, InstrumentsOption, read_reference
from tapewatch.cli.rules.previewing import Opened, difference
from tapewatch.engine_mode import warn_once_if_interpreted
from tapewatch.spreadsheet import csv_bytes

SHEET, RECORD = "review.csv", "review.json"
TO_FILL_IN = ("should_have_been_an_alert", "why", "reviewer", "date")
COLUMNS = (
    *("number", "alert_id", "rule_id", "venue", "instrument", "owners", "accounts", "begin", "end"),
    *("measured", "explanation", *TO_FILL_IN),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold: its value in force, and where it was moved to for the review."""

    name: str
    in_force: float
    moved_to: float


def review_thresholds(
    files: FilesArgument,
    rule_id: Annotated[str, typer.Option("--rule", metavar="ID", help="The rule whose thresholds are reviewed.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help=f"Where {SHEET} and {RECORD} go.")],
    slack: Annotated[float, typer.Option("--slack", min=0.001, max=0.9, help="How far each line is moved.")] = 0.2,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", metavar="NAME", help="Only this line; may be repeated.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", min=1, max=1_000, help="Cases drawn at most.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Draws others; the same seed draws the same.")] = 1,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", exists=True, dir_okay=False, help="Settings; defaults without it."),
    ] = None,
    rules_directory: RulesDirectoryOption = None,
    file_format: FormatOption = "auto",
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a sample of what a rule did not tell of but would have with slacker thresholds, for people to judge.

    Stored events are run twice: with the thresholds in force, and with each moved by --slack towards more alerts
    (`..._min` down, `..._max` up, within the parameter's range). What only the second run tells of lay just below the
    line.
    """
    warn_once_if_interpreted()
    reference = read_reference(accounts=accounts, instruments=instruments)
    in_force = configuration_of(rule_id, reference, config, rules_directory)
    lines = moved(in_force, rule_id, slack, parameter)
    overrides = {**in_force.rules[rule_id], **{line.name: line.moved_to for line in lines}}
    slacker = replace(in_force, rules={rule_id: overrides}, scopes=())
    opened = Opened(files, file_format, FormatOptions(venue=venue, instrument=instrument))
    told, _ = opened.run(replace(in_force, scopes=()))
    below = difference(told, opened.run(slacker)[0]).appear
    drawn = draw(below, sample, seed)
    record = {
        "rule_id": rule_id,
        "config_digest": in_force.digest(),
        "slack": slack,
        "seed": seed,
        "lines": [{"name": each.name, "in_force": each.in_force, "moved_to": each.moved_to} for each in lines],
        "files": {path.name: _digest(path) for path in files},
        "alerts_told": len(told),
        "below_the_line": len(below),
        "sample": [each.alert_id for each in drawn],
    }
    _write(out, drawn, lines, record)
    if as_json:
        print_json(record)
        return
    print_table(("line", "in force>", "moved to>"), ((each.name, each.in_force, each.moved_to) for each in lines))
    print_lines(
        ("told", str(len(told))),
        ("below the line", str(len(below))),
        ("drawn", f"{len(drawn)} (seed {seed}); fill in {out / SHEET}"),
    )


def moved(configuration: EngineConfiguration, rule_id: str, slack: float, names: Sequence[str] | None) -> list[Line]:
    """The lines of a rule, each moved by a share towards more alerts; WrongUsageError for a wrong name, or none."""
    values = configuration.parameters()[rule_id]
    parameters = {each.name: each for each in configuration.known[rule_id].metadata.parameters}
    movable = {name: each for name, each in parameters.items() if name.endswith(("_min", "_max"))}
    if wrong := sorted(set(names or ()) - movable.keys()):
        raise WrongUsageError(f"--parameter: expected one of {', '.join(sorted(movable))}, found {wrong[0]!r}")
    lines = [
        Line(name, values[name], _moved(each, values[name], slack))
        for name, each in sorted(movable.items())
        if not names or name in names
    ]
    lines = [line for line in lines if line.moved_to != line.in_force]
    if not lines:
        raise WrongUsageError(f"--rule: expected a rule with a threshold that can be moved, found none of {rule_id}")
    return lines


def _moved(parameter: Parameter, value: float, slack: float) -> float:
    wanted = value * (1 - slack) if parameter.name.endswith("_min") else value * (1 + slack)
    return min(max(wanted, parameter.minimum), parameter.maximum)


def draw(alerts: Sequence[Alert], count: int, seed: int) -> list[Alert]:
    """At most so many, the same for the same seed and alerts whatever their order."""

    def ticket(alert: Alert) -> str:
        return hashlib.sha256(f"{seed}/{alert.alert_id}".encode()).hexdigest()

    return sorted(sorted(alerts, key=ticket)[:count], key=lambda alert: (alert.start_time_ns, alert.alert_id))


def _write(out: Path, drawn: Sequence[Alert], lines: Sequence[Line], record: Mapping[str, Any]) -> None:
    rows = [(number, *_row(alert, lines), *("" for _ in TO_FILL_IN)) for number, alert in enumerate(drawn, start=1)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / SHEET).write_bytes(csv_bytes(COLUMNS, rows))
        (out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--out: expected a directory that can be written, found: {error}") from error


def _row(alert: Alert, lines: Sequence[Line]) -> tuple[object, ...]:
    return (
        *(alert.alert_id, alert.rule_id, alert.venue, alert.instrument),
        *("; ".join(alert.owners), "; ".join(alert.accounts)),
        *(time_text(alert.start_time_ns), time_text(alert.end_time_ns), _measured(alert, lines), alert.explanation),
    )


def _measured(alert: Alert, lines: Sequence[Line]) -> str:
    """What was measured, with the line in force where one is of that name, and which were not reached."""
    in_force = {line.name.removesuffix("_min").removesuffix("_max"): line for line in lines}
    told = []
    for each in alert.measurements:
        line = in_force.get(each.name)
        if line is None:
            told.append(f"{each.name} {each.observed:.4g} (line {each.threshold:g})")
            continue
        short = each.observed < line.in_force if line.name.endswith("_min") else each.observed > line.in_force
        told.append(f"{each.name} {each.observed:.4g} (line {line.in_force:g}{', not reached' if short else ''})")
    return "; ".join(told)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
