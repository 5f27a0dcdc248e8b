import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detection_service.anomaly.model_file import ModelFile
from detection_service.rules.catalogue import RULES
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from simulator.hard_negatives import HARD_NEGATIVES
from simulator.schemes import SCHEMES
from simulator.scorecard.baselines import BASELINES
from simulator.scorecard.families import typology_of
from simulator.scorecard.page import document
from simulator.scorecard.run_score import RunScore, score_run
from simulator.scorecard.table import table_of
from tapewatch.cli import evaluate, evaluate_plan
from tapewatch.cli.evaluate_model import ORDINARY_SEEDS
from tapewatch.cli.evaluate_plan import NEXT_REPORT_SEEDS, PACES, REPORTING_SEEDS, SCHEMES_A_RUN, Pace, standard
from tapewatch.cli.evaluate_report import HEALTH, report_of
from tapewatch.cli.evaluate_run import RunPlan, config_of, run, way_of_hiding
from tapewatch.cli.evaluate_view import show
from tapewatch.cli.main import main
from tapewatch.cli.model_training import read_model_file

S = 1_000_000_000
START = 1_772_442_000 * S
COLUMNS = "event_time_ns,kind,venue,instrument,account,order_id,trade_id,side,price,quantity,contra_account,aggressor"


def washes(path: Path) -> Path:
    """A1 trades with itself six times, A2 and A3 with each other once."""
    lines = [COLUMNS]
    for number in range(7):
        buyer, seller = ("A1", "A1") if number else ("A2", "A3")
        time_ns = START + number * 5 * S
        lines += [
            f"{time_ns},FILL,V,I,{account},{number}-{side},{number},{side},10.0,100,{contra},"
            f"{str(side == 'BUY').lower()}"
            for side, account, contra in (("BUY", buyer, seller), ("SELL", seller, buyer))
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["evaluate", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def row(found: dict[str, Any], typology: str) -> dict[str, Any]:
    made: dict[str, Any] = next(each for each in found["typologies"] if each["typology"] == typology)
    return made


@pytest.mark.parametrize(
    "labels",
    [
        f'{{"typology": "wash", "accounts": ["A1"], "instrument": "I", "start_time_ns": {START}, '
        f'"end_time_ns": {START + 60 * S}, "order_ids": ["1-BUY", "1-SELL"]}}\n',
        "scenario_id,typology,accounts,instrument,start_time_ns,end_time_ns,order_ids\n"
        f"x,wash,A1,I,{START},{START + 60 * S},1-BUY;1-SELL\n",
        "order_id,label\n0-BUY,normal\n1-BUY,wash\n1-SELL,wash\n",
        "row,label\n1,0\n3,wash\n4,wash\n",
    ],
    ids=["json lines", "scenarios in CSV", "events in CSV", "rows in CSV"],
)
def test_foreign_events_are_scored_against_their_labels(
    labels: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = washes(tmp_path / "events.csv")
    truth = tmp_path / ("labels.jsonl" if labels.startswith("{") else "labels.csv")
    truth.write_text(labels, encoding="utf-8")
    found = evaluated(capsys, "--events", str(events), "--labels", str(truth), "--typology", "wash=wash_self")
    wash = row(found, "wash_self")
    assert wash["rules"]["recall"]["hits"] == wash["baseline"]["recall"]["hits"] == 1
    assert wash["rules"]["f1"] == wash["baseline"]["f1"] == 1.0
    assert found["false_alarms"] == []
    assert wash["rules"]["event_recall"] == 1.0


PLAN = RunPlan(7, "standard", ("wash_self",), 2, 0.9, market="shares", hours="none")


def test_a_simulated_market_is_scored_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    score = run(PLAN)
    found = report_of([score])
    assert found["ranking"] is None
    assert row(found, "wash_self")["rules"]["scenarios"] == 1
    assert 0 < found["benign_events"] < found["events"]
    assert found["seconds"].keys() == {"simulate", "detect", "baselines", "judge"}
    show(found)
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("wash_self", "Beside the naive one-liners", "rule without a scheme"))


def test_windows_are_ranked_with_the_model_without_and_by_tail_ranks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.json"
    ModelFile(ordinary_model()).write(path)
    score = run(replace(PLAN, ranked_by=path))
    assert score.windows is not None
    assert score.windows.truth.any()
    assert set(score.windows.typology.tolist()) == {"", "wash_self"}
    found = report_of([score, score], model=ordinary_model())
    ranking = found["ranking"]
    assert ranking["model_id"] == ordinary_model().model_id
    assert ranking["windows"] == 2 * len(score.windows.truth)
    rankings = ranking["rankings"]
    assert list(rankings) == [
        *("rules alone", "model alone", "rules and model", "sum of tail ranks", "rules and sum of tail ranks")
    ]
    assert all(0 < each["average_precision"] <= 1 for each in rankings.values())
    added = rankings["rules and model"]["average_precision"] - rankings["rules alone"]["average_precision"]
    assert ranking["model_adds"]["difference"] == pytest.approx(added)
    show(found)
    shown = capsys.readouterr().out
    assert "the model adds" in shown
    page = document(found)
    assert all(name in shown and name in page for name in rankings)


def test_ranking_leaves_the_alerts_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    ModelFile(ordinary_model()).write(path)
    without, ranked = run(PLAN), run(replace(PLAN, ranked_by=path))
    assert ranked.claims == without.claims
    assert ranked.outcomes == without.outcomes


def test_all_schemes_are_ranked_by_a_model_of_ordinary_days(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found_there: list[str] = []

    def run_all(plans: list[RunPlan], processes: int, done: object) -> list[RunScore]:
        for plan in plans:
            assert plan.model is None
            assert (plan.ranked_by is not None) == (plan.part == "standard")
            found_there.extend(read_model_file(path).model.model_id for path in [plan.ranked_by] if path)
        return [score_run(table_of([]), (), (), {}, seed=plan.seed, part=plan.part) for plan in plans]

    monkeypatch.setattr(evaluate, "run_all", run_all)
    monkeypatch.setattr(evaluate, "ordinary_model", lambda processes, done: ordinary_model())
    found = evaluated(capsys, "--seed", "7", "--full")
    assert set(found_there) == {ordinary_model().model_id}
    assert found["ranking"] is None  # nothing was true


def test_the_command_runs_the_tier_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[RunPlan] = []

    def run_all(plans: list[RunPlan], processes: int, done: object) -> list[RunScore]:
        asked.extend(plans)
        return [
            score_run(table_of([]), (), (), {}, seed=plan.seed, part=plan.part, density=plan.density) for plan in plans
        ]

    monkeypatch.setattr(evaluate, "run_all", run_all)
    page = tmp_path / "report.html"
    found = evaluated(capsys, "--seed", "7", "--scheme", "spoofing", "--full", "--minutes", "9", "--report", str(page))
    assert Counter(plan.part for plan in asked) == {"standard": 1, "severity": 5, "density": 3}
    assert {(plan.seed, plan.minutes) for plan in asked} == {(7, 9.0)}
    assert [each["density"] for each in found["density"]] == [1.0, 10.0, 50.0]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--events", __file__], "--events and --labels together"),
        (["--scheme", "nothing"], "found 'nothing'"),
        (["--events", __file__, "--labels", __file__, "--typology", "wash"], "THEIRS=OURS"),
    ],
)
def test_wrong_use_says_what_was_expected(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_every_rule_that_judges_events_has_a_naive_rule_and_they_spell_typologies_alike() -> None:
    judging = {rule.metadata.rule_id: rule.metadata.typology for rule in RULES if rule.metadata.rule_id not in HEALTH}
    assert judging.keys() - BASELINES.keys() == {"anomaly"}
    assert BASELINES.keys() <= judging.keys()
    assert {rule_id: typology_of(rule_id) for rule_id in judging} == judging


def test_reporting_seeds_are_no_tuning_seeds() -> None:
    tuning = {*range(1, 100), *range(1000, 2000)}
    assert not tuning & set(REPORTING_SEEDS)
    assert set(NEXT_REPORT_SEEDS) <= set(REPORTING_SEEDS) - set(range(5001, 5006))
    assert tuning >= set(ORDINARY_SEEDS)


def test_the_standard_plan_plays_every_scheme_in_every_seed_a_few_at_a_time() -> None:
    names = sorted(SCHEMES)
    plans = standard([5001, 5002], names, 0.5)
    for seed in (5001, 5002):
        played = Counter(name for plan in plans if plan.seed == seed for name in plan.schemes)
        assert {name: played[name] for name in names} == {name: pace_of(name).times for name in names}
        innocent = [name for plan in plans if plan.seed == seed for name in plan.hard_negatives]
        assert sorted(innocent) == sorted(HARD_NEGATIVES)
    assert all(len(set(plan.schemes)) <= SCHEMES_A_RUN for plan in plans)


def pace_of(name: str) -> Pace:
    return next(pace for pace in PACES if pace.suits(SCHEMES[name]))


def test_a_scheme_hides_in_another_way_every_time() -> None:
    ways = [way_of_hiding("spoofing", turn).values() for turn in range(7)]
    assert [sum(way.values()) for way in ways] == [1, 1, 1, 1, 1, 1, 3]
    assert len({tuple(way.items()) for way in ways}) == 7
    (plan,) = standard([1], ["spoofing"], 0.5)
    hidden = [scenario.camouflage for scenario in config_of(plan).scenarios]
    assert len(set(hidden)) == len(hidden) == 4


def test_scores_come_in_the_order_of_the_plans_and_each_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        evaluate_plan, "run", lambda plan: score_run(table_of([]), (), (), {}, seed=plan.seed, part=plan.part)
    )
    told: list[int] = []
    plans = standard([3, 1, 2], ["spoofing"], 0.5)
    scores = evaluate_plan.run_all(plans, 1, lambda score: told.append(score.seed))
    assert [score.seed for score in scores] == told == [3, 1, 2]
