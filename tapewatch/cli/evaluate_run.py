"""One run of an evaluation: simulate into a folder that is thrown away, detect over the files, judge."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.watching import Watched, watched
from detection_service.anomaly.windows import gathered, taken
from ingest_service.formats import FormatOptions
from simulator.output import EVENT_FILES, write_run
from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import Camouflage
from simulator.scorecard.baselines import said_by_baselines
from simulator.scorecard.labels_file import read_run
from simulator.scorecard.located import located
from simulator.scorecard.run_score import RunScore, score_run
from simulator.scorecard.sighting import Sighting
from simulator.scorecard.table import EventTable, TableBuilder
from simulator.scorecard.truth import Scenario
from simulator.simulation import SimulationConfig, labelled_run
from simulator.venues import HoursName, MarketName
from tapewatch.cli.detect import configuration_of
from tapewatch.cli.detection_run import detect_files
from tapewatch.cli.files import explained, open_files, refuse_cut
from tapewatch.cli.model_precision import judged, run_rankings
from tapewatch.cli.model_training import read_model
from tapewatch.cli.reference_files import reference_beside
from tapewatch.cli.watched_engine import WatchedEngine
from tapewatch.market.reference import Reference

ROWS_A_FRAME = 65_536
MARKET: Final[MarketName] = "whole"
HOURS: Final[HoursName] = "fitted"
"""Shares, a future, a currency and a coin at several venues; every run is one trading day with both auctions."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One run to be simulated and judged; `part` names what it is for.

    Every scenario hides in another way; `turn` says with which way the first begins, None: none hides. `model` is the
    engine's own; `ranked_by` ranks what it saw when it is done.
    """

    seed: int
    part: str
    schemes: tuple[str, ...]
    minutes: float
    severity: float
    turn: int | None = None
    hard_negatives: tuple[str, ...] = ()
    density: float = 1.0
    model: Path | None = None
    ranked_by: Path | None = None
    config: Path | None = None
    market: MarketName = MARKET
    hours: HoursName = HOURS


@dataclass(slots=True)
class Detected:
    """What the engine made of some files, and what it was given; for rankings, what `ranked_by` is to rank."""

    table: EventTable
    reference: Reference
    alerts: list[Sighting]
    not_applicable: dict[str, str]
    seconds: float
    ranked_by: ForestModel | None = None
    watched: Watched | None = None


def detect(
    paths: Sequence[Path],
    reference: Reference,
    file_format: str = "events",
    options: FormatOptions | None = None,
    model: Path | None = None,
    config: Path | None = None,
    ranked_by: Path | None = None,
) -> Detected:
    """Run the engine, configured by a file's detection section, over files; every event it took is kept as columns.

    CommandError where a file can not be read or was cut: a part of the events is no measure against all labels.
    """
    builder = TableBuilder()
    configuration = configuration_of(None, reference, config)
    scorer = None if model is None else read_model(model, configuration.trust)
    ranking = scorer if ranked_by in (None, model) else read_model(ranked_by)
    engine = WatchedEngine(configuration, scorer, builder.take)
    engine.core.collected = None if ranked_by is None else []
    opened = open_files(paths, file_format, options or FormatOptions())
    with explained():
        result = detect_files(opened, engine, ROWS_A_FRAME)
    refuse_cut(opened)
    return Detected(
        table=builder.table(reference),
        reference=reference,
        alerts=[Sighting.of_alert(alert, engine.raised_ns) for alert in result.alerts],
        not_applicable=result.not_applicable,
        seconds=result.seconds,
        ranked_by=ranking,
        watched=None
        if ranked_by is None
        else watched(gathered(engine.core, [taken(engine.core)]), result.alerts, configuration),
    )


def judge(
    detected: Detected, scenarios: Sequence[Scenario], plan: RunPlan | None = None, simulated_s: float = 0.0
) -> RunScore:
    """Score what was detected, with the naive rules over the same events."""
    begun = time.perf_counter()
    baselines = said_by_baselines(detected.table)
    baseline_s = time.perf_counter() - begun
    found = located(detected.table, scenarios)
    score = score_run(
        detected.table,
        found,
        detected.alerts,
        baselines,
        seed=plan.seed if plan else 0,
        part=plan.part if plan else "",
        density=plan.density if plan else 1.0,
        not_applicable=detected.not_applicable,
    )
    judged_s = time.perf_counter() - begun - baseline_s
    seconds = {"simulate": simulated_s, "detect": detected.seconds, "baselines": baseline_s, "judge": judged_s}
    if detected.ranked_by is None or detected.watched is None:
        return replace(score, seconds=seconds)
    schemes = [scenario for scenario in found if scenario.is_scheme]
    windows = run_rankings(judged(detected.watched, schemes, detected.reference), detected.ranked_by)
    seconds["rank"] = time.perf_counter() - begun - baseline_s - judged_s
    return replace(score, seconds=seconds, windows=windows)


def run(plan: RunPlan) -> RunScore:
    """Simulate, detect and judge one run."""
    with tempfile.TemporaryDirectory(prefix="tapewatch-evaluate-") as name:
        folder = Path(name)
        begun = time.perf_counter()
        write_run(folder, config_of(plan), plan.severity)
        simulated_s = time.perf_counter() - begun
        detected = detect(
            [folder / EVENT_FILES["events"]],
            reference_beside(folder),
            model=plan.model,
            config=plan.config,
            ranked_by=plan.ranked_by,
        )
        return judge(detected, read_run(folder), plan, simulated_s)


def config_of(plan: RunPlan) -> SimulationConfig:
    """The simulation of a plan."""
    config = labelled_run(
        plan.schemes,
        seed=plan.seed,
        minutes=plan.minutes,
        severity=plan.severity,
        activity=plan.density,
        hard_negatives=plan.hard_negatives,
        market=plan.market,
        hours=plan.hours,
    )
    if plan.turn is None:
        return config
    played: Counter[str] = Counter()
    hidden = []
    for planned in config.scenarios:
        camouflage = way_of_hiding(planned.scheme, plan.turn + played[planned.scheme])
        played[planned.scheme] += 1
        hidden.append(replace(planned, camouflage=camouflage))
    return replace(config, scenarios=tuple(hidden))


def way_of_hiding(scheme: str, turn: int) -> Camouflage:
    """The camouflage of a turn: one after the other each axis that makes sense for a scheme, full, then all by half."""
    ways = [Camouflage.of({axis: 1.0}) for axis in SCHEMES[scheme].axes]
    ways.append(Camouflage.of(dict.fromkeys(SCHEMES[scheme].axes, 0.5)))
    return ways[turn % len(ways)]
