"""What an evaluation found, as one JSON document: the source of the table and of the page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from detection_service.anomaly.model import ForestModel
from detection_service.rules.catalogue import RULES
from simulator.scorecard.card import MILLION, Row, Share, recall_by, rows
from simulator.scorecard.intervals import poisson
from simulator.scorecard.matching import Verdict
from simulator.scorecard.run_score import RunScore
from tapewatch.cli.model_precision import of_all
from tapewatch.cli.model_precision import table as table_of_rankings

HEALTH = {"clock_skew", "data_gap", "rule_silent"}
TARGET = 0.9
TARGETED = (
    *("wash_self", "wash_owner", "spoofing", "layering", "marking_the_close", "front_running", "ping_pong"),
    "pump_and_dump",
)
FALSE_PER_MILLION_MAX = 1.0


def report_of(
    runs: Sequence[RunScore],
    grid: Sequence[RunScore] = (),
    densities: Sequence[RunScore] = (),
    model: ForestModel | None = None,
) -> dict[str, Any]:
    """Everything found: the table from `runs`, recall by severity from `grid`, false alarms by density, and how well
    `model` ranks the windows of `runs`."""
    made = table_rows(runs)
    return {
        "seeds": sorted({run.seed for run in runs}),
        "runs": len(runs),
        "events": sum(run.events for run in runs),
        "benign_events": sum(run.benign_events for run in runs),
        "scenarios": sum(len(run.outcomes) for run in runs),
        "alerts": sum(len(run.claims) for run in runs),
        "typologies": [row.to_json() for row in made],
        "targets": [_target(row) for row in made],
        "recall_by_severity": _by_severity([*grid] or runs),
        "recall_by_camouflage": _by_camouflage(runs),
        "hard_negatives": _hard_negatives([*runs, *densities]),
        "false_alarms": _false_alarms(runs),
        "density": _by_density(densities),
        "ranking": _ranking(runs, model),
        "seconds": _seconds([*runs, *grid, *densities]),
    }


def table_rows(runs: Sequence[RunScore]) -> list[Row]:
    """A row for every rule that judges events."""
    known = [rule.metadata.rule_id for rule in RULES if rule.metadata.rule_id not in HEALTH]
    return [row for row in rows(runs, known) if row.typology not in HEALTH]


def _target(row: Row) -> dict[str, Any]:
    """Whether a typology does what was set out: recall and precision where named, its naive rule, false alarms."""
    recall, precision = row.rules.found.value, row.rules.right.value
    rate = row.rules.false_per_million
    targeted = row.typology in TARGETED
    return {
        "typology": row.typology,
        "recall": None if not targeted or recall is None else recall >= TARGET,
        "precision": None if not targeted or precision is None else precision >= TARGET,
        "not_below_baseline": None if row.baseline is None or row.rules.f1 is None else not row.is_below_baseline,
        "false_alarms": None if rate is None else rate <= FALSE_PER_MILLION_MAX,
    }


def _by_severity(runs: Sequence[RunScore]) -> list[dict[str, Any]]:
    outcomes = [outcome for run in runs for outcome in run.outcomes]
    naive = recall_by(outcomes, "by_baseline")
    return [
        {"typology": name, "severity": severity, "recall": share.to_json(), "baseline": naive[name, severity].to_json()}
        for (name, severity), share in recall_by(outcomes).items()
    ]


def _by_camouflage(runs: Sequence[RunScore]) -> list[dict[str, Any]]:
    seen: dict[str, list[bool]] = {}
    for outcome in (outcome for run in runs for outcome in run.outcomes):
        way = "several" if len(outcome.camouflage) > 1 else next(iter(outcome.camouflage), "none")
        seen.setdefault(way, []).append(outcome.by_rules.was_seen)
    return [
        {"camouflage": way, "scenarios": len(found), "recall": Share(sum(found), len(found)).to_json()}
        for way, found in sorted(seen.items())
    ]


def _hard_negatives(runs: Sequence[RunScore]) -> list[dict[str, Any]]:
    """How often each was played, and every alert about it with its explanation."""
    names = sorted({name for run in runs for name in run.hard_negatives})
    hits = [(run, claim) for run in runs for claim in run.claims if claim.verdict == Verdict.HARD_NEGATIVE]
    return [
        {
            "name": name,
            "played": sum(run.hard_negatives.get(name, 0) for run in runs),
            "hits": [
                {"seed": run.seed, "rule": claim.detector, "instrument": claim.instrument,
                 "explanation": claim.explanation}
                for run, claim in hits if name in claim.names
            ],
        }
        for name in names
    ]  # fmt: skip


def _false_alarms(runs: Sequence[RunScore]) -> list[dict[str, Any]]:
    """Every alert about nobody's scenario."""
    return [
        {"seed": run.seed, "rule": claim.detector, "venue": claim.venue, "instrument": claim.instrument,
         "accounts": list(claim.accounts), "start_time_ns": claim.start_time_ns, "explanation": claim.explanation}
        for run in runs for claim in run.claims if claim.verdict == Verdict.NOBODY
    ]  # fmt: skip


def _by_density(runs: Sequence[RunScore]) -> list[dict[str, Any]]:
    """False alarms a million events, all rules and each that raised any, at every density."""
    made = []
    for density in sorted({run.density for run in runs}):
        here = [run for run in runs if run.density == density]
        benign = sum(run.benign_events for run in here)
        by_rule = Counter(claim.detector for run in here for claim in run.claims if claim.verdict.is_false)
        rate = poisson(by_rule.total(), benign / MILLION)
        made.append(
            {
                "density": density,
                "benign_events": benign,
                "false_alerts": by_rule.total(),
                "by_rule": dict(sorted(by_rule.items())),
                "per_million": by_rule.total() / benign * MILLION if benign else None,
                "interval": list(rate) if benign else None,
            }
        )
    return made


def _ranking(runs: Sequence[RunScore], model: ForestModel | None) -> dict[str, Any] | None:
    """Average precision with the model, without it and by rank-tail rules; None without a model or a true window."""
    ranked = [run.windows for run in runs if run.windows is not None]
    if model is None or not any(windows.truth.any() for windows in ranked):
        return None
    return {"model_id": model.model_id, "training": dict(model.training), **table_of_rankings(of_all(ranked))}


def _seconds(runs: Sequence[RunScore]) -> Mapping[str, float]:
    """What each step took, over all runs."""
    steps = sorted({step for run in runs for step in run.seconds})
    return {step: round(sum(run.seconds.get(step, 0.0) for run in runs), 2) for step in steps}
