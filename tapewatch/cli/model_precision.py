"""How much an anomaly model helps: average precision over the windows of labelled runs, with it, without, and beside
what is simpler.

A window is a group's minute in a market, seen with the five minutes it ends. It is true where the minute lies in a
scheme of the group's there; windows whose five minutes reach into one that is over, or whose minute does not reach it
yet, are left out. Intervals draw the groups of a run again, all windows of one together: they are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.watching import MINUTE_NS, Watched
from simulator.scorecard.labels_file import read_run
from simulator.scorecard.ranking import (
    RankedWindows,
    average_precision_by_part,
    gain,
    rank_tail,
    ranked,
    tail_shares,
)
from simulator.scorecard.truth import Scenario
from simulator.scorecard.windows_of import in_schemes
from tapewatch.cli.model_training import watch_files
from tapewatch.cli.reference_files import reference_beside
from tapewatch.market.reference import Reference

WINDOW_NS: Final = 5 * MINUTE_NS
EVENTS_FILE: Final = "events.parquet"
RULES, MODEL, BOTH = "rules alone", "model alone", "rules and model"
PLAIN, TAIL_SUM, TAIL_MAX = "isolation forest of plain features", "sum of tail ranks", "largest tail rank"
RULES_AND_TAIL = "rules and sum of tail ranks"
GAINS: Final = (
    ("model_adds", BOTH, RULES),
    ("over_tail_sum", MODEL, TAIL_SUM),
    ("over_rules_and_tail_sum", BOTH, RULES_AND_TAIL),
)
RATES: Final = (0.1, 0.01, 0.001, 0.0001, 0.00001)
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The windows of a labelled run that are true or are not: portraits, the rules' gravity, truth, typology ("" for
    none) and the group (a number that no other run has)."""

    rows: Array
    gravity: Array
    truth: Array
    typology: Array
    key: Array


def judged_run(folder: Path, number: int) -> Judged:
    """The windows of a run that `tapewatch simulate` wrote, the number-th of several."""
    reference = reference_beside(folder)
    watched = watch_files([folder / EVENTS_FILE], reference)
    schemes = [one for one in read_run(folder) if one.is_scheme]
    return judged(watched, schemes, reference, number)


def judged(watched: Watched, schemes: Sequence[Scenario], reference: Reference, number: int = 0) -> Judged:
    """Windows with their truth; those on the edge of a scheme are left out."""
    windows = watched.windows
    people = [windows.group_names[group] for group in windows.groups.tolist()]
    instruments = [windows.blocks[block].instrument for block in windows.block.tolist()]
    start = windows.minutes * MINUTE_NS
    groups = [_by_group(one, reference) for one in schemes]
    truth = in_schemes(groups, people, instruments, start, start + MINUTE_NS)
    around = in_schemes(groups, people, instruments, start + MINUTE_NS - WINDOW_NS, start + MINUTE_NS)
    typology = np.full(len(windows), "", dtype=object)
    for place in np.flatnonzero(truth).tolist():
        minute = ([people[place]], [instruments[place]], start[place : place + 1], start[place : place + 1] + MINUTE_NS)
        typology[place] = next(one.typology for one in groups if in_schemes([one], *minute)[0])
    kept = truth | ~around
    key = windows.groups + number * (1 << 32)
    return Judged(windows.rows[kept], watched.gravity[kept], truth[kept], typology[kept], key[kept])


def rankings(runs: Sequence[Judged], model: ForestModel, plain: Array) -> RankedWindows:
    """The windows of all runs ranked; `plain` are the scores of an isolation forest of plain features."""
    whole = Judged(*(np.concatenate([getattr(run, each.name) for run in runs]) for each in fields(Judged)))
    made = run_rankings(whole, model)
    return replace(made, scores={**made.scores, PLAIN: plain, TAIL_MAX: rank_tail(whole.rows)})


def run_rankings(run: Judged, model: ForestModel) -> RankedWindows:
    """The windows of a run by the rules, by the model, by a rule that adds up tail ranks, and by both."""
    strangeness, tails = model.strangeness(run.rows), tail_sum(run.rows)
    scores = {
        RULES: run.gravity,
        MODEL: strangeness,
        BOTH: together(run.gravity, strangeness),
        TAIL_SUM: tails,
        RULES_AND_TAIL: together(run.gravity, tails),
    }
    return RankedWindows(run.truth, run.typology, run.key, scores)


def of_all(runs: Sequence[RankedWindows]) -> RankedWindows:
    """The windows of several runs, at least one, as those of one; the groups of each are its own."""
    keys = [run.key + number * (1 << 32) for number, run in enumerate(runs)]
    scores = {name: np.concatenate([run.scores[name] for run in runs]) for name in runs[0].scores}
    truth, typology = (np.concatenate([getattr(run, each) for run in runs]) for each in ("truth", "typology"))
    return RankedWindows(truth, typology, np.concatenate(keys), scores)


def plain_forest(benign: Sequence[Array], runs: Sequence[Judged]) -> Array:
    """Scores of the windows of runs by scikit-learn's forest of plain features, fitted on days without abuse (on the
    runs themselves without any)."""
    from detection_service.anomaly.training import fit  # scikit-learn takes a second to import

    rows = np.concatenate([run.rows for run in runs]).astype(np.float32)
    usual = np.concatenate(benign).astype(np.float32) if benign else rows
    return np.asarray(-fit(usual, seed=1).score_samples(rows))


def together(gravity: Array, strangeness: Array) -> Array:
    """The rules first, by severity and score; what they put alike, and all they do not tell of, by the model."""
    return np.asarray(gravity * 1e3 + strangeness)


def tail_sum(rows: Array) -> Array:
    """Sum over the features of minus the decimal logarithm of the share of windows at least as far out, either side."""
    total = np.zeros(len(rows))
    for shares in tail_shares(rows):
        total -= np.log10(np.minimum(1.0, 2.0 * shares))
    return total


def table(windows: RankedWindows) -> dict[str, Any]:
    """Average precision of each ranking with its interval, by typology as well, and what one has over another."""
    truth, typology = windows.truth, windows.typology
    names, counts = np.unique(typology[truth].astype(str), return_counts=True)
    by_part = {name: average_precision_by_part(each, truth, typology) for name, each in windows.scores.items()}
    judged = {name: ranked(windows.key, each, truth) for name, each in windows.scores.items()}
    made: dict[str, Any] = {"windows": len(truth), "true": int(truth.sum()), "chance": float(truth.mean())}
    made["rankings"] = {
        name: {"average_precision": each.average_precision, "interval": list(each.interval)}
        for name, each in judged.items()
    }
    made["typologies"] = {
        name: {"true": count} | {ranking: of_parts[name] for ranking, of_parts in by_part.items()}
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
    }
    made["macro"] = {name: float(np.mean([*each.values()])) if each else None for name, each in by_part.items()}
    for name, one, other in GAINS:
        difference, interval = gain(judged[one], judged[other])
        made[name] = {"difference": difference, "interval": list(interval)}
    return made


def calibration(model: ForestModel, runs: Sequence[Array]) -> list[dict[str, float]]:
    """At each rate, the share of windows told that was promised, and what was observed: over all, and of the runs
    (each its portraits) the least and the most."""
    p_values = [model.p_values(rows) for rows in runs if len(rows)]
    every = np.concatenate(p_values)
    return [
        {
            "promised": rate,
            "observed": float((every <= rate).mean()),
            "least": min(float((each <= rate).mean()) for each in p_values),
            "most": max(float((each <= rate).mean()) for each in p_values),
            "windows": len(every),
        }
        for rate in RATES
        if rate >= model.calibration.p_value_min
    ]


def _by_group(scenario: Scenario, reference: Reference) -> Scenario:
    """The scenario by the groups of its accounts, as windows name them."""
    groups = frozenset(reference.group_of(account) for account in scenario.accounts)
    return replace(scenario, accounts=groups, owners=frozenset())
