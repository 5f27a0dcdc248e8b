"""The engine over files in this process: what `detect` does, and what the bench measures."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from detection_service.corrections.amendments import Amendments, Change
from detection_service.coverage import Shown
from detection_service.engine.engine import Engine
from ingest_service.dedupe import Deduper
from ingest_service.formats import EventFile
from tapewatch.alert import Alert
from tapewatch.cli.merge import in_event_order
from tapewatch.engine_mode import mode
from tapewatch.market.frame import Frame

T = TypeVar("T")
Progress = Callable[[float], None]
COLLECTION_THRESHOLDS = (100_000, 50, 100)
"""New objects between two collections; Python's own is 700."""


@dataclass(frozen=True, slots=True)
class FileCorrections:
    """What busts and corrections in the files changed: executions, and alerts against those of the events as they are.

    `unknown_references` name no execution in the files.
    """

    busted: int = 0
    corrected_executions: int = 0
    unknown_references: int = 0
    alerts_raised: int = 0
    alerts_revised: int = 0
    alerts_withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """What the engine made of some files; `alerts` are final revisions by start and id; counts are of events.

    `cut_files` ended too early: what they held beyond is in no count.
    """

    alerts: Sequence[Alert]
    seconds: float
    duplicate: int
    evaluated: int
    late: int
    unknown_order: int
    not_applicable: dict[str, str]
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    corrections: FileCorrections = FileCorrections()
    faulty: dict[str, str] = field(default_factory=dict)
    cut_files: int = 0

    @property
    def rejected(self) -> int:
        """Rows refused."""
        return self.rejected_by_reason.total()

    @property
    def received(self) -> int:
        """Everything the files offered: evaluated + late + duplicate + rejected."""
        return self.evaluated + self.late + self.duplicate + self.rejected

    def to_json(self) -> dict[str, Any]:
        """The keys of `detect --json`."""
        by_rule = Counter(alert.rule_id for alert in self.alerts)
        return {
            "events": self.received,
            "seconds": round(self.seconds, 6),
            "events_per_second": round(self.received / self.seconds) if self.seconds else 0,
            "engine": mode(),
            "alerts": len(self.alerts),
            "alerts_by_rule": dict(sorted(by_rule.items())),
            "not_applicable": self.not_applicable,
            "faulty": self.faulty,
            "ledger": {
                "received": self.received,
                "rejected": self.rejected,
                "duplicate": self.duplicate,
                "late": self.late,
                "corrected": 0,
                "awaiting": self.late,
                "evaluated": self.evaluated,
                "unknown_order": self.unknown_order,
                "cut_files": self.cut_files,
            },
            "corrections": asdict(self.corrections),
            "quarantined": dict(sorted(self.rejected_by_reason.items())),
        }


def detect_files(
    files: Sequence[EventFile],
    engine: Engine,
    rows_per_frame: int,
    progress: Progress = lambda rows: None,
    shown: Shown | None = None,
) -> DetectionResult:
    """Run files through an engine in event order, each event once; notes in `shown` what they show.

    Raises FormatError where a file can not be read. Where files hold busts or corrections, they are read again and the
    executions evaluated as they should have been.
    """
    begun_s = time.perf_counter()
    recipe = engine.recipe
    amendments = Amendments()
    with few_collections():
        found = _passed(files, engine, rows_per_frame, progress, amendments, shown)
        final, corrections = found.final, FileCorrections()
        if len(amendments):
            final, corrections = _corrected(files, recipe(), rows_per_frame, progress, amendments, final)
    status = engine.status()
    counts = list(status["sources"].values())
    return DetectionResult(
        alerts=sorted(final.values(), key=lambda alert: (alert.start_time_ns, alert.alert_id)),
        seconds=time.perf_counter() - begun_s,
        duplicate=found.offered - found.given,
        evaluated=sum(each["evaluated"] for each in counts),
        late=sum(each["late"] for each in counts),
        unknown_order=sum(each["unknown_order"] for each in counts),
        not_applicable=dict(sorted(status["not_applicable"].items())),
        rejected_by_reason=sum((file.report.rejected_by_reason for file in files), Counter()),
        corrections=corrections,
        faulty=dict(sorted(engine.faults.items())),
        cut_files=sum(bool(file.report.cut) for file in files),
    )


@dataclass(slots=True)
class _Passed:
    final: dict[str, Alert] = field(default_factory=dict)
    offered: int = 0
    given: int = 0


def _passed(
    files: Sequence[EventFile],
    engine: Engine,
    rows_per_frame: int,
    progress: Progress,
    amendments: Amendments,
    shown: Shown | None,
) -> _Passed:
    """Everything as it is; the amendments on the way are kept."""
    passed = _Passed()
    for frame, offered in read_ahead(fresh_frames(files, rows_per_frame)):
        passed.offered += offered
        passed.given += frame.row_count
        if frame.row_count:
            amendments.take(frame)
            keep_newest(passed.final, engine.process(frame))
            if shown is not None:
                shown.take(frame)
        progress(offered)
    keep_newest(passed.final, engine.finish())
    return passed


def _corrected(
    files: Sequence[EventFile],
    engine: Engine,
    rows_per_frame: int,
    progress: Progress,
    amendments: Amendments,
    before: dict[str, Alert],
) -> tuple[dict[str, Alert], FileCorrections]:
    """Everything as it should have been, and what that changes."""
    # What was observed of the sources stands: events taken out are no gap.
    final = {each.alert_id: each for each in before.values() if engine.is_of_source(each.rule_id)}
    engine.configure(replace(engine.configuration, marks_come=True))
    changes: list[Change] = []
    for frame, offered in read_ahead(fresh_frames(files, rows_per_frame)):
        if frame.row_count:
            corrected, found = amendments.apply(frame)
            changes.extend(found)
            keep_newest(final, engine.process(corrected))
        progress(offered)
    keep_newest(final, engine.finish())
    both = before.keys() & final.keys()
    busted = sum(each.is_bust for each in changes)
    return final, FileCorrections(
        busted=busted,
        corrected_executions=len(changes) - busted,
        unknown_references=len(amendments.effects.keys() - {each.name for each in changes}),
        alerts_raised=len(final) - len(both),
        alerts_revised=sum(replace(before[name], revision=final[name].revision) != final[name] for name in both),
        alerts_withdrawn=len(before) - len(both),
    )


def fresh_frames(files: Sequence[EventFile], rows_per_frame: int) -> Iterator[tuple[Frame, int]]:
    """Frames in event order without the rows seen before, and how many rows each had."""
    deduper = Deduper()
    for frame in in_event_order([file.frames(rows_per_frame) for file in files]):
        yield _fresh(frame, deduper), frame.row_count


def read_ahead(items: Iterator[T]) -> Iterator[T]:
    """The same, the next one made while the last is looked at: decoding a file leaves this thread the interpreter."""
    with ThreadPoolExecutor(1, "reading") as reader:
        pending = reader.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = reader.submit(next, items, None)
            yield item


@contextmanager
def few_collections() -> Iterator[None]:
    """The garbage collector passes over what is there already and looks at the rest seldom.

    Measured: the state an engine builds up, none of it garbage, otherwise costs up to two fifths of the time in
    collections, most of it in those of the older generations.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _fresh(frame: Frame, deduper: Deduper) -> Frame:
    known = deduper.claim(frame)
    return frame if known is None else frame.take(np.flatnonzero(~known))


def keep_newest(final: dict[str, Alert], revisions: Iterable[Alert]) -> None:
    """Keep the highest revision of each alert."""
    for alert in revisions:
        held = final.get(alert.alert_id)
        if held is None or alert.revision > held.revision:
            final[alert.alert_id] = alert
