"""What a rule is tuned on: events, decoded once, and what is true of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from detection_service.corrections.amendments import Amendments
from ingest_service.formats import FormatOptions
from simulator.output import EVENT_FILES
from simulator.scorecard.labels_file import read_labels, read_run
from simulator.scorecard.located import located
from simulator.scorecard.table import TableBuilder
from simulator.scorecard.truth import LabelError, Scenario
from tapewatch.cli.detection_run import fresh_frames
from tapewatch.cli.evaluate_plan import REPORTING_SEEDS
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.files import explained, open_files, refuse_cut
from tapewatch.cli.reference_files import reference_beside
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

ROWS_A_FRAME: Final = 65_536
HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS


@dataclass(frozen=True, slots=True)
class Material:
    """Events of one market over one time, in event order with busts and corrections applied, and their truth.

    `hours` is from the first to the last event of every day (UTC), added up.
    """

    name: str
    frames: tuple[Frame, ...]
    reference: Reference
    scenarios: tuple[Scenario, ...]
    hours: float
    is_partial: bool = False

    @property
    def events(self) -> int:
        """How many."""
        return sum(frame.row_count for frame in self.frames)


def of_directory(directory: Path) -> Material:
    """What `tapewatch simulate` wrote. WrongUsageError where it is something else, or kept for reporting."""
    events = next((path for name in EVENT_FILES.values() if (path := directory / name).exists()), None)
    if events is None or not (directory / "labels.jsonl").exists():
        expected = f"events ({', '.join(EVENT_FILES.values())}) and labels.jsonl, as `tapewatch simulate --out` writes"
        raise WrongUsageError(f"{directory}: expected {expected}, found no such files")
    _refuse_reporting(directory)
    try:
        scenarios = read_run(directory)
    except LabelError as error:
        raise CommandError(str(error)) from error
    return of_files([events], reference_beside(directory), scenarios, name=str(directory))


def _refuse_reporting(directory: Path) -> None:
    manifest = directory / "manifest.json"
    seed = json.loads(manifest.read_text(encoding="utf-8")).get("seed") if manifest.exists() else None
    if seed in REPORTING_SEEDS:
        raise WrongUsageError(
            f"{directory}: expected a seed for tuning, found {seed}: {REPORTING_SEEDS[0]} to {REPORTING_SEEDS[-1]} are "
            "kept for reporting, and what a rule was tuned on says nothing about it; simulate with another seed"
        )


def read_scenarios(path: Path) -> list[Scenario]:
    """The labels of event files; CommandError names file and line of a mistake."""
    try:
        return read_labels(path)
    except LabelError as error:
        raise CommandError(str(error)) from error


def of_files(
    paths: Sequence[Path],
    reference: Reference,
    scenarios: Sequence[Scenario],
    *,
    file_format: str = "auto",
    options: FormatOptions | None = None,
    is_partial: bool = False,
    name: str = "",
) -> Material:
    """Event files, read once. CommandError where one can not be read or holds nothing."""
    with explained():
        opened = open_files(paths, file_format, options or FormatOptions())
        frames = [frame for frame, _ in fresh_frames(opened, ROWS_A_FRAME)]
        refuse_cut(opened)
    return of_frames(name or ", ".join(map(str, paths)), frames, reference, scenarios, is_partial=is_partial)


def of_frames(
    name: str,
    given: Iterable[Frame],
    reference: Reference,
    scenarios: Sequence[Scenario],
    *,
    is_partial: bool = False,
) -> Material:
    """Frames in event order. CommandError where they hold nothing."""
    amendments, frames = Amendments(), []
    for frame in given:
        if frame.row_count:
            amendments.take(frame)
            frames.append(frame)
    if not frames:
        raise CommandError(f"{name}: expected events, found none")
    if len(amendments):
        frames = [amendments.apply(frame)[0] for frame in frames]
    whole = Material(name, tuple(frames), reference, (), _hours(frames), is_partial)
    return replace(whole, scenarios=tuple(_located(whole, scenarios)))


def _located(material: Material, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios with what their events say that the labels do not; those of another time are left out."""
    if not scenarios:
        return []
    builder = TableBuilder()
    for frame in material.frames:
        builder.take(frame)
    found = located(builder.table(material.reference), scenarios)
    first = min(int(frame.columns["event_time_ns"].min()) for frame in material.frames)
    last = max(int(frame.columns["event_time_ns"].max()) for frame in material.frames)
    return [one for one in found if one.start_time_ns <= last and first <= one.end_time_ns]


def _hours(frames: Sequence[Frame]) -> float:
    spans: dict[int, tuple[int, int]] = {}
    for frame in frames:
        times = frame.columns["event_time_ns"]
        for day in np.unique(times // DAY_NS).tolist():
            of_day = times[times // DAY_NS == day]
            first, last = spans.get(day, (int(of_day.min()), int(of_day.max())))
            spans[day] = min(first, int(of_day.min())), max(last, int(of_day.max()))
    return sum(last - first for first, last in spans.values()) / HOUR_NS
