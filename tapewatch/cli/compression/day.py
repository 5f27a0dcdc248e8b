"""A simulated day: its alerts under each grouping, and what is printed of it."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from case_service.app import CaseSettings
from case_service.grouping import GroupPart, Policy
from detection_service.engine.engine import Engine
from ingest_service.formats import FormatOptions
from simulator.output import EVENT_FILES, write_run
from simulator.schemes import SCHEMES
from simulator.scorecard.labels_file import read_run
from simulator.scorecard.truth import Scenario
from tapewatch.alert import Alert
from tapewatch.cli.compression.measuring import Compression, compression_of
from tapewatch.cli.detect import configuration_of
from tapewatch.cli.detection_run import detect_files
from tapewatch.cli.evaluate_plan import standard
from tapewatch.cli.evaluate_run import ROWS_A_FRAME, RunPlan, config_of
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.files import explained, open_files
from tapewatch.cli.output import counted, print_json, print_table, progress_bar
from tapewatch.cli.reference_files import reference_beside
from tapewatch.cli.sections import read_section

GROUPINGS: tuple[tuple[GroupPart, ...], ...] = (
    ("owner", "instrument", "family"),
    ("owner", "instrument"),
    ("owner", "family"),
    ("instrument", "family"),
)


def show_day(seed: int, schemes: Sequence[str], severity: float, config: Path | None, *, as_json: bool) -> None:
    """Simulate a day with schemes, detect, record under each grouping, print what became of it."""
    settings = read_section("cases", config)
    assert isinstance(settings, CaseSettings)
    names = _checked(schemes or sorted(SCHEMES))
    groupings = tuple(dict.fromkeys((settings.group_by, *GROUPINGS)))
    results = {grouping: Compression() for grouping in groupings}
    plans = standard([seed], names, severity)
    with progress_bar("simulated days", len(plans)) as advance:
        for plan in plans:
            found, scenarios = detected_run(plan, config)
            for grouping, result in results.items():
                result.add(compression_of(found, scenarios, _policy(settings, grouping)))
            advance(1)
    _show(results, seed, as_json)


def _checked(schemes: Sequence[str]) -> Sequence[str]:
    for name in schemes:
        if name not in SCHEMES:
            raise WrongUsageError(f"--scheme: expected one of {', '.join(sorted(SCHEMES))}, found {name!r}")
    return schemes


def _policy(settings: CaseSettings, grouping: tuple[GroupPart, ...]) -> Policy:
    held = settings.policy
    return Policy(held.window_ns, held.families, held.due_hours, grouping, held.urgency)


def detected_run(plan: RunPlan, config: Path | None) -> tuple[Sequence[Alert], Sequence[Scenario]]:
    """The final alerts of a simulated run, and its labels."""
    with tempfile.TemporaryDirectory(prefix="tapewatch-compression-") as name:
        folder = Path(name)
        write_run(folder, config_of(plan), plan.severity)
        engine = Engine(configuration_of(None, reference_beside(folder), config))
        opened = open_files([folder / EVENT_FILES["events"]], "events", FormatOptions())
        with explained():
            return detect_files(opened, engine, ROWS_A_FRAME).alerts, read_run(folder)


def _show(results: dict[tuple[GroupPart, ...], Compression], seed: int, as_json: bool) -> None:
    if as_json:
        print_json({"seed": seed, "groupings": [_to_json(grouping, each) for grouping, each in results.items()]})
        return
    columns = ("cases share", "alerts>", "cases>", "alerts a case>", "scenarios shown>", "cases a scenario>", "in one>")
    print_table(columns, (_row(grouping, each) for grouping, each in results.items()))
    first = next(iter(results.values()))
    print_table(
        ("priority>", "true cases>", "false cases>", "true>"), _by_priority(first), "by priority, as configured"
    )
    apart = sorted((each for each in first.shown if each.own > 1), key=lambda each: -each.own)
    rows = ((each.scenario.typology, each.scenario.scenario_id, each.alerts, each.own, each.cases) for each in apart)
    title = f"{counted(len(apart), 'scenario')} in more than one case, as configured"
    print_table(("scheme", "scenario", "alerts>", "cases>", "with other findings>"), rows, title)


def _row(grouping: tuple[GroupPart, ...], each: Compression) -> tuple[object, ...]:
    return (
        " + ".join(grouping),
        each.alerts,
        each.cases,
        f"{each.alerts_a_case:.2f}",
        f"{len(each.shown)} of {each.scenarios}",
        f"{each.cases_a_scenario:.2f}",
        f"{each.in_one_case:.0%}",
    )


def _by_priority(each: Compression) -> Iterator[tuple[object, ...]]:
    for priority in range(1, 5):
        true, false = each.true_by_priority[priority], each.false_by_priority[priority]
        yield priority, true, false, f"{true / (true + false):.0%}" if true + false else "-"


def _to_json(grouping: tuple[GroupPart, ...], each: Compression) -> dict[str, Any]:
    return {
        "group_by": list(grouping),
        "alerts": each.alerts,
        "cases": each.cases,
        "alerts_a_case": each.alerts_a_case,
        "scenarios": each.scenarios,
        "scenarios_shown": len(each.shown),
        "cases_a_scenario": each.cases_a_scenario,
        "in_one_case": each.in_one_case,
        "true_cases_by_priority": dict(sorted(each.true_by_priority.items())),
        "false_cases_by_priority": dict(sorted(each.false_by_priority.items())),
    }
