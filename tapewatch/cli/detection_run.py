"""The engine over files in this process: what `detect` does, and what the bench measures."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detection_service.engine.engine import Engine
from ingest_service.dedupe import Deduper
from ingest_service.formats import EventFile
from tapewatch.alert import Alert
from tapewatch.cli.merge import in_event_order
from tapewatch.engine_mode import mode
from tapewatch.market.frame import Frame

Progress = Callable[[float], None]
COLLECTION_THRESHOLDS = (100_000, 50, 100)
"""New objects between two collections; Python's own is 700."""


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """What the engine made of some files; `alerts` are final revisions by start and id; counts are of events."""

    alerts: Sequence[Alert]
    seconds: float
    duplicate: int
    evaluated: int
    late: int
    unknown_order: int
    not_applicable: dict[str, str]
    rejected_by_reason: Counter[str] = field(default_factory=Counter)

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
            "ledger": {
                "received": self.received,
                "rejected": self.rejected,
                "duplicate": self.duplicate,
                "late": self.late,
                "evaluated": self.evaluated,
                "unknown_order": self.unknown_order,
            },
            "quarantined": dict(sorted(self.rejected_by_reason.items())),
        }


def detect_files(
    files: Sequence[EventFile], engine: Engine, rows_per_frame: int, progress: Progress = lambda rows: None
) -> DetectionResult:
    """Run files through an engine in event order, each event once. Raises FormatError where a file can not be read."""
    begun_s = time.perf_counter()
    deduper = Deduper()
    final: dict[str, Alert] = {}
    offered = given = 0
    with few_collections():
        for frame in in_event_order([file.frames(rows_per_frame) for file in files]):
            offered += frame.row_count
            fresh = _fresh(frame, deduper)
            given += fresh.row_count
            if fresh.row_count:
                _keep(final, engine.process(fresh))
            progress(frame.row_count)
        _keep(final, engine.finish())
    status = engine.status()
    counts = list(status["sources"].values())
    return DetectionResult(
        alerts=sorted(final.values(), key=lambda alert: (alert.start_time_ns, alert.alert_id)),
        seconds=time.perf_counter() - begun_s,
        duplicate=offered - given,
        evaluated=sum(each["evaluated"] for each in counts),
        late=sum(each["late"] for each in counts),
        unknown_order=sum(each["unknown_order"] for each in counts),
        not_applicable=dict(sorted(status["not_applicable"].items())),
        rejected_by_reason=sum((file.report.rejected_by_reason for file in files), Counter()),
    )


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


def _keep(final: dict[str, Alert], revisions: Iterator[Alert] | list[Alert]) -> None:
    for alert in revisions:
        held = final.get(alert.alert_id)
        if held is None or alert.revision > held.revision:
            final[alert.alert_id] = alert
