"""How much an anomaly model helps: average precision over the windows of labelled runs, with it, without, and beside
what is simpler.

A window is a group's minute in a market, seen with the five minutes it ends. It is true where the minute lies in a
scheme of the group's there; windows whose five minutes reach into one that is over, or whose minute does not reach it
yet, are left out. Intervals draw the groups of a run again, all windows of one together: they are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.watching import MINUTE_NS
from detection_service.anomaly.windows import Windows
from simulator.scorecard.labels_file import read_run
from simulator.scorecard.ranking import Ranking, average_precision, gain, rank_tail, ranked, tail_shares
from simulator.scorecard.truth import Scenario
from simulator.scorecard.windows_of import in_schemes
from tapewatch.cli.model_training import watch_files
from tapewatch.cli.reference_files import reference_beside
from tapewatch.market.reference import Reference

WINDOW_NS: Final = 5 * MINUTE_NS
EVENTS_FILE: Final = "events.parquet"
RULES, MODEL, BOTH = "rules alone", "model alone", "rules and model"
PLAIN, TAIL_SUM, TAIL_MAX = "isolation forest of plain features", "sum of tail ranks", "largest tail rank"
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
    return judged(watched.windows, watched.gravity, schemes, reference, number)


def judged(windows: Windows, gravity: Array, schemes: Sequence[Scenario], reference: Reference, number: int) -> Judged:
    """Windows with their truth; those on the edge of a scheme are left out."""
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
    return Judged(windows.rows[kept], gravity[kept], truth[kept], typology[kept], key[kept])


def rankings(runs: Sequence[Judged], model: ForestModel, plain: Array) -> dict[str, Array]:
    """Scores of the windows of all runs by ranking; `plain` are those of an isolation forest of plain features."""
    rows = np.concatenate([run.rows for run in runs])
    gravity = np.concatenate([run.gravity for run in runs])
    strangeness = model.strangeness(rows)
    return {
        RULES: gravity,
        MODEL: strangeness,
        BOTH: together(gravity, strangeness),
        PLAIN: plain,
        TAIL_SUM: tail_sum(rows),
        TAIL_MAX: rank_tail(rows),
    }


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


def table(runs: Sequence[Judged], scores: Mapping[str, Array]) -> dict[str, Any]:
    """Average precision of each ranking with its interval, by typology as well, and what the model adds to rules."""
    truth = np.concatenate([run.truth for run in runs])
    key = np.concatenate([run.key for run in runs])
    typology = np.concatenate([run.typology for run in runs])
    names = sorted({name for name in typology.tolist() if name})
    made: dict[str, Any] = {"windows": len(truth), "true": int(truth.sum()), "chance": float(truth.mean())}
    made["rankings"] = {name: _told(ranked(key, each, truth)) for name, each in scores.items()}
    made["typologies"] = {
        name: {"true": int((typology == name).sum())}
        | {ranking: _of_one(each, truth, typology == name) for ranking, each in scores.items()}
        for name in names
    }
    made["macro"] = {
        ranking: float(np.mean([made["typologies"][name][ranking] for name in names])) if names else None
        for ranking in scores
    }
    for name, one, other in (("model_adds", BOTH, RULES), ("over_tail_sum", MODEL, TAIL_SUM)):
        difference, interval = gain(key, scores[one], scores[other], truth)
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


def _told(ranking: Ranking) -> dict[str, Any]:
    return {"average_precision": ranking.average_precision, "interval": list(ranking.interval)}


def _of_one(scores: Array, truth: Array, own: Array) -> float:
    """Average precision where the windows of one typology alone are true, and other schemes' are left out."""
    kept = own | ~truth
    return average_precision(scores[kept], own[kept])
