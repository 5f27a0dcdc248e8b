"""The scenario file of a rule: `<rule_id>.scenarios.yaml` beside its module, a list of scenarios."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.backgrounds import BackgroundError, background
from detection_service.rules.scenarios.event_table import (
    EventTableError,
    Repetition,
    Row,
    Told,
    event_rows,
    seconds_ns,
    text_table,
)
from tapewatch.alert import Severity
from tapewatch.market.reference import TABLES, Reference, ReferenceDataError
from tapewatch.runtime.settings_document import KeyPath, SettingsError, parse

SUFFIX: Final = ".scenarios.yaml"
KINDS: Final = ("positive", "negative", "near_miss", "evasion", "late_data")
REQUIRED_KINDS: Final = KINDS[:3]
ROWS_MAX: Final = 100_000
REPETITIONS_MAX: Final = 10_000


class ScenarioError(ValueError):
    """A scenario file can not be read: says file, line, scenario, what was expected and what was found."""


def _severity(value: object) -> object:
    return Severity[value] if isinstance(value, str) and value in Severity.__members__ else value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Expectation(_Part):
    """What the rule must find: so many alerts, which together have exactly these owners (and accounts) and name at
    least these orders, each at least so grave and explained with these words; and who or what no alert may name."""

    alerts: int = Field(default=1, ge=1)
    owners: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    order_ids: tuple[str, ...] = ()
    severity_min: Annotated[Severity, BeforeValidator(_severity)] = Severity.LOW
    explanation: Texts = ()
    never_named: tuple[str, ...] = ()


class _Repeat(_Part):
    times: int = Field(ge=1, le=REPETITIONS_MAX)
    every_s: float
    step: dict[str, float] = {}


class _Block(_Part):
    table: str
    at_s: float = 0.0
    repeat: _Repeat | None = None

    def rows(self) -> Iterator[Told]:
        repeat = self.repeat or _Repeat(times=1, every_s=0)
        return event_rows(self.table, self.at_s, Repetition(repeat.times, repeat.every_s, repeat.step))


class _Written(_Part):
    """A scenario as it is written."""

    name: str
    kind: Literal["positive", "negative", "near_miss", "evasion", "late_data"]
    shows: str
    venue: str = "XTST"
    instrument: str = "ACME"
    source: str = "feed"
    background: Texts = ()
    reference: dict[str, str | list[dict[str, Any]]] = {}
    parameters: dict[str, float] = {}
    found_with: dict[str, float] = {}
    events: str | list[str | _Block]
    expect: Literal["none"] | Expectation


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario ready to be played: `rows` in the order they are told, `expect` None where nothing may be found.

    `found_with` are parameters under which a near miss is found, which shows that it is near.
    """

    name: str
    kind: str
    shows: str
    place: str
    rows: tuple[Row, ...]
    reference: Reference
    parameters: Mapping[str, float]
    found_with: Mapping[str, float]
    expect: Expectation | None


def scenario_file(rule: Rule) -> Path:
    """Where a rule's scenarios are: beside its module, under its id."""
    return Path(inspect.getfile(type(rule))).with_name(rule.metadata.rule_id + SUFFIX)


def load(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a file. Raises ScenarioError."""
    try:
        written, lines = parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: expected the scenarios of a rule: {error}") from error
    except SettingsError as error:
        raise ScenarioError(str(error)) from error
    if not isinstance(written, list) or not written:
        raise ScenarioError(f"{path}:1: expected a list of scenarios (`- name: ...`), found {type(written).__name__}")
    made = tuple(_Reader(path, number, lines).scenario(each) for number, each in enumerate(written))
    for number, scenario in enumerate(made):
        if scenario.name in [other.name for other in made[:number]]:
            raise ScenarioError(f"{scenario.place}: expected a name of its own, found {scenario.name!r} twice")
    return made


class _Reader:
    """Reads one scenario of a file and knows the line of each of its parts."""

    def __init__(self, path: Path, number: int, lines: Mapping[KeyPath, int]) -> None:
        self._path, self._number, self._lines = path, number, lines
        self._name = f"scenario {number + 1}"

    def scenario(self, content: object) -> Scenario:
        if isinstance(content, dict) and isinstance(content.get("name"), str):
            self._name = f"scenario {content['name']!r}"
        try:
            written = _Written.model_validate(content)
        except ValidationError as error:
            raise self._told_wrong(error) from error
        expect = None if isinstance(written.expect, str) else written.expect
        self._check_expectation(written.kind, expect)
        if written.found_with and written.kind != "near_miss":
            raise self._error(
                self._line("found_with"), f"only a near_miss is found with other parameters, found {written.kind}"
            )
        rows = self._rows(written)
        if written.kind == "late_data" and rows == tuple(sorted(rows, key=_event_time_ns)):
            raise self._error(self._line("kind"), "late_data tells some event late (column `told`), found none")
        return Scenario(
            name=written.name,
            kind=written.kind,
            shows=written.shows,
            place=f"{self._path}:{self._line()}",
            rows=rows,
            reference=self._reference(written.reference),
            parameters=written.parameters,
            found_with=written.found_with,
            expect=expect,
        )

    def _line(self, *path: str | int) -> int:
        known: KeyPath = (self._number,)
        for part in path:
            if (*known, part) in self._lines:
                known = (*known, part)
        return self._lines.get(known, 1)

    def _error(self, line: int, message: str) -> ScenarioError:
        return ScenarioError(f"{self._path}:{line}: {self._name}: {message}")

    def _told_wrong(self, error: ValidationError) -> ScenarioError:
        # Of a union's complaints, the one that got furthest into what is written.
        first = max(error.errors(), key=lambda each: len(each["loc"]))
        names = [part for part in first["loc"] if not str(part).startswith(("literal", "Expectation", "_Block", "str"))]
        if first["type"] == "extra_forbidden":
            message = f"unknown key {names[-1]!r}; expected one of {', '.join(self._keys(names))}"
        else:
            message = f"{'.'.join(map(str, names)) or 'scenario'}: {first['msg']}, found {first['input']!r:.80}"
        return self._error(self._line(*names), message)

    def _keys(self, names: Sequence[int | str]) -> list[str]:
        inner: dict[str, type[_Part]] = {"expect": Expectation, "repeat": _Repeat, "events": _Block}
        model: type[_Part] = next((inner[str(name)] for name in reversed(names[:-1]) if name in inner), _Written)
        return list(model.model_fields)

    def _check_expectation(self, kind: str, expect: Expectation | None) -> None:
        if kind == "positive" and expect is None:
            raise self._error(self._line("expect"), "a positive scenario expects an alert, found none")
        if kind in ("negative", "near_miss") and expect is not None:
            raise self._error(self._line("expect"), f"a {kind} scenario expects none, found {expect!r}")

    def _rows(self, written: _Written) -> tuple[Row, ...]:
        told = [event for name in written.background for event in self._background(name)]
        blocks = written.events if isinstance(written.events, list) else [written.events]
        for number, block in enumerate(blocks):
            path = ("events",) if isinstance(written.events, str) else ("events", number, "table")
            try:
                told.extend((_Block(table=block) if isinstance(block, str) else block).rows())
            except EventTableError as error:
                raise self._error(self._line(*path) + 1 + error.line, str(error)) from error
        if len(told) > ROWS_MAX:
            raise self._error(self._line("events"), f"expected at most {ROWS_MAX} rows, found {len(told)}")
        told.sort(key=lambda each: each.told_s)
        sequences: dict[object, int] = {}
        rows = []
        for event in told:
            row = {"venue": written.venue, "instrument": written.instrument, "source": written.source, **event.row}
            sequences[row["source"]] = sequences.get(row["source"], 0) + 1
            rows.append({"source_sequence": sequences[row["source"]], **row})
        return tuple(rows)

    def _background(self, name: str) -> list[Told]:
        try:
            return background(name)
        except BackgroundError as error:
            raise self._error(self._line("background"), f"background: {error}") from error

    def _reference(self, tables: Mapping[str, str | list[dict[str, Any]]]) -> Reference:
        rows: dict[str, list[dict[str, Any]]] = {}
        for name, table in tables.items():
            try:
                listed = [dict(cells) for _, cells in text_table(table)] if isinstance(table, str) else table
            except EventTableError as error:
                line = self._line("reference", name) + 1 + error.line
                raise self._error(line, f"reference table {name}: {error}") from error
            rows[name] = [_with_times(row, TABLES.get(name, ())) for row in listed]
        try:
            return Reference.from_json(rows)
        except ReferenceDataError as error:
            raise self._error(self._line("reference"), str(error)) from error


def _event_time_ns(row: Row) -> int:
    return int(str(row["event_time_ns"]))


def _with_times(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The row with times given in seconds from the start (`time_s`) in the nanoseconds of its table (`time_ns`)."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        exact = f"{name.removesuffix('_s')}_ns"
        timed = name.endswith("_s") and name not in columns and exact in columns
        made[exact if timed else name] = seconds_ns(float(value)) if timed else value
    return made
