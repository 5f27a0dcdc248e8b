"""Foreign events with labels of their own, judged as simulated ones are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest_service.formats import FormatOptions
from simulator.scorecard.labels_file import read_labels
from simulator.scorecard.run_score import RunScore
from simulator.scorecard.truth import LabelError
from tapewatch.cli.evaluate_run import detect, judge
from tapewatch.cli.failure import CommandError
from tapewatch.market.reference import Reference


@dataclass(frozen=True, slots=True)
class Foreign:
    """Somebody else's events and labels, and what is known beside them."""

    events: tuple[Path, ...]
    labels: Path
    reference: Reference
    file_format: str = "auto"
    venue: str | None = None
    instrument: str | None = None
    date: str | None = None
    model: Path | None = None
    config: Path | None = None


def score_foreign(foreign: Foreign, names: Mapping[str, str]) -> RunScore:
    """Detect and judge; `names` are ours for their typologies. CommandError where a file can not be read."""
    options = FormatOptions(venue=foreign.venue, instrument=foreign.instrument, date=foreign.date)
    try:
        scenarios = read_labels(foreign.labels, names)
    except LabelError as error:
        raise CommandError(str(error)) from error
    found = detect(
        foreign.events, foreign.reference, foreign.file_format, options, foreign.model, foreign.config, foreign.model
    )
    return judge(found, scenarios)
