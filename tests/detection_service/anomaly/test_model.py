"""The forest scores as scikit-learn's does, travels as data, and is refused where it does not hold together."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from detection_service.anomaly.model import SCHEMA, ForestModel, ModelError
from detection_service.anomaly.training import WINDOWS_MIN, fit, split, train
from detection_service.anomaly.windows import Block, Windows, collect_windows, joined
from detection_service.anomaly.words import WORDS, told
from detection_service.engine.portrait import FEATURES
from detection_service.rules.scenarios.ordinary_model import made_up
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.scenario import Market

USUAL = made_up(1_500, seed=5)


@pytest.fixture(scope="module")
def model() -> ForestModel:
    return train(USUAL, seed=5)


def theirs(model: ForestModel, inputs: Any) -> Any:
    """scikit-learn's scores of a forest fitted on what the model was fitted on."""
    forest = fit(model.inputs(USUAL.rows[split(USUAL)[0]]), seed=5)
    return -forest.score_samples(inputs.astype(np.float32))


@pytest.mark.parametrize("batch", [1, 3, 4, 64, 1_000])
def test_scores_are_scikit_learn_s_whatever_the_batch(model: ForestModel, batch: int) -> None:
    inputs = model.inputs(made_up(1_000, seed=12).rows)
    scores = np.concatenate([model.scores(inputs[at : at + batch]) for at in range(0, len(inputs), batch)])
    np.testing.assert_allclose(scores, theirs(model, inputs), rtol=0, atol=1e-12)


def test_values_on_the_very_threshold_go_where_scikit_learn_sends_them(model: ForestModel) -> None:
    inner = np.flatnonzero(model.arrays["feature"] >= 0)[:200]
    on_edge = np.repeat(model.inputs(USUAL.rows[:1]), len(inner), axis=0)
    for row, node in enumerate(inner):
        on_edge[row, model.arrays["feature"][node]] = model.arrays["threshold"][node]
    np.testing.assert_allclose(model.scores(on_edge), theirs(model, on_edge), rtol=0, atol=1e-12)


def test_the_same_windows_and_seed_give_the_same_model(model: ForestModel) -> None:
    assert train(USUAL, seed=5).model_id == model.model_id != train(USUAL, seed=6).model_id


def test_json_gives_back_the_same_model(model: ForestModel) -> None:
    again = ForestModel.from_json(json.loads(json.dumps(model.to_json())))
    rows = made_up(20, seed=9).rows
    assert (again.model_id, again.training) == (model.model_id, model.training)
    assert (again.strangeness(rows) == model.strangeness(rows)).all()


ODD = ("self_share", "bait", "layers", "impact", "pace_change", "fill_lean")


def odd_one() -> list[float]:
    portrait = made_up(1, seed=9).rows[0].tolist()
    for name in ODD:
        portrait[FEATURES.index(name)] = 5.0 if name == "self_share" else 30.0
    return list(portrait)


def test_the_most_unusual_portrait_is_viewed_with_what_makes_it_so(model: ForestModel) -> None:
    usual = made_up(2, seed=9).rows.tolist()
    anomaly = model.view([usual[0], odd_one(), usual[1]])
    assert anomaly is not None
    assert anomaly.score == 1 - model.calibration.p_value_min
    assert {each.feature for each in anomaly.contributions} <= {*ODD}
    assert 0.3 < sum(each.contribution for each in anomaly.contributions) <= 1
    assert model.view([]) is None


def test_reasons_are_words_with_the_value_and_what_is_usual(model: ForestModel) -> None:
    unusual = model.judge(odd_one())
    assert unusual.p_value == model.calibration.p_value_min
    beginnings = [
        f"{WORDS[name].meaning}: {told(name, 5.0 if name == 'self_share' else 30.0)} (usually " for name in ODD
    ]
    assert len(unusual.reasons()) == 3
    assert all(any(reason.startswith(each) for each in beginnings) for reason in unusual.reasons())


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [("burst", 0.5, "50%"), ("order_size", 3.0, "8 times"), ("layers", 0.0, "0"), ("cancel_life", -1.0, "none")],
)
def test_values_are_told_as_people_read_them(feature: str, value: float, text: str) -> None:
    assert told(feature, value) == text


def test_what_the_market_does_makes_nobody_unusual(model: ForestModel) -> None:
    rows = np.repeat(made_up(1, seed=9).rows, 2, axis=0)
    rows[1, [FEATURES.index("market_move"), FEATURES.index("market_volume")]] = 50.0
    assert model.strangeness(rows)[0] == model.strangeness(rows)[1]


def changed(model: ForestModel, change: Callable[[dict[str, Any]], None]) -> ForestModel:
    arrays = {name: values.copy() for name, values in model.arrays.items()}
    parts: dict[str, Any] = {**arrays, **model.numbers}
    change(parts)
    return ForestModel.of(parts, {name: parts[name] for name in model.numbers}, model.training)


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.update(depth=3),
        lambda parts: parts.update(depth=0),
        lambda parts: parts.update(depth=99),
        lambda parts: parts["feature"].__setitem__(0, 100),
        lambda parts: parts["feature"].__setitem__(0, -2),
        lambda parts: parts["feature"].__setitem__(-1, 0),
        lambda parts: parts.update(samples=parts["samples"][:-1]),
        lambda parts: parts["threshold"].__setitem__(0, np.inf),
        lambda parts: parts.update(feature=[], threshold=[], samples=[]),
        lambda parts: parts["last"].__setitem__(0, 17),
        lambda parts: parts.update(member_last=-1),
        lambda parts: parts["knots"].__setitem__((0, 0, 0, 16), -1e9),
        lambda parts: parts["knots"].__setitem__((0, 0, 0, 16), np.nan),
        lambda parts: parts.update(edges=[1.0, 2.0, 3.0]),
        lambda parts: parts.update(knots=parts["knots"][:, :1]),
        lambda parts: parts.update(quantiles=parts["quantiles"][:3]),
        lambda parts: parts.update(tail=parts["tail"][::-1]),
        lambda parts: parts.update(tail=[]),
        lambda parts: parts.update(calibrated=0),
        lambda parts: parts.update(sample=1),
    ],
)
def test_tables_and_trees_that_do_not_hold_together_are_refused(
    model: ForestModel, change: Callable[[dict[str, Any]], None]
) -> None:
    assert changed(model, lambda _: None).model_id == model.model_id
    with pytest.raises(ModelError, match="do not hold together"):
        changed(model, change)


def damaged(model: ForestModel, **changes: object) -> dict[str, Any]:
    return {**model.to_json(), **changes}


def test_a_model_of_another_schema_or_of_other_features_is_refused_saying_what_is_expected(model: ForestModel) -> None:
    for content in (damaged(model, schema="tapewatch-isolation-forest-1"), {}):
        with pytest.raises(ModelError, match=f"expected a model of schema {SCHEMA}, found .*: train one anew"):
            ForestModel.from_json(content)
    with pytest.raises(ModelError, match=r"over the \d+ features of this version: train one anew"):
        ForestModel.from_json(damaged(model, features=["a"]))


def test_a_model_whose_content_is_not_its_name_s_is_refused(model: ForestModel) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ModelError, match=f"expected model {other}, found content of {model.model_id}"):
        ForestModel.from_json(damaged(model, model_id=other))
    with pytest.raises(ModelError, match="found content of"):
        ForestModel.from_json(damaged(model, training={**model.training, "digest": "another"}))


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"abc").decode(), 5, None])
def test_arrays_that_are_damaged_are_refused(model: ForestModel, text: object) -> None:
    arrays = {**model.to_json()["arrays"], "knots": text}
    with pytest.raises(ModelError, match="the model's content is damaged"):
        ForestModel.from_json(damaged(model, arrays=arrays))


def test_too_few_windows_to_train_on_are_refused_saying_how_many_are_needed() -> None:
    with pytest.raises(ModelError, match=f"expected at least {WINDOWS_MIN} windows to fit on and as many"):
        train(made_up(90, seed=1))


def test_windows_are_split_by_days_then_by_markets_then_by_time() -> None:
    def blocks(*names: tuple[int, str]) -> Windows:
        places = np.arange(60) % len(names)
        made = tuple(Block(day, "X", name) for day, name in names)
        return Windows(USUAL.rows[:60], np.arange(60), places, places, ("a",) * len(names), made)

    for windows, kind, held in (
        (blocks((1, "A"), (2, "A"), (3, "A"), (1, "B")), "days", {2}),
        (blocks((1, "A"), (1, "B"), (1, "C")), "days and markets", {2}),
    ):
        fitted, kept, found = split(windows)
        assert (found, set(windows.block[kept].tolist())) == (kind, held)
        assert held.isdisjoint(windows.block[fitted].tolist())
    fitted, kept, found = split(blocks((1, "A")))
    assert found == "time alone: one market on one day"
    assert fitted.max() < kept.min()


def test_windows_are_the_closed_minutes_of_every_group() -> None:
    market = Market().at(5)
    order = market.new("a", "BUY", 10.0, 30)
    market.at(8).cancel(order)
    market.at(61).new("a", "BUY", 10.0, 1)
    market.at(125).new("b", "BUY", 10.0, 1)
    found = collect_windows([Frame.from_rows(market.rows)], Reference.of())
    only = dict(zip(FEATURES, found.rows[0].tolist(), strict=True))
    assert (len(found), [found.group_names[group] for group in found.groups]) == (1, ["account:a"])
    assert only["cancel_life"] == np.log1p(3.0)
    assert (only["fleeting_share"], only["cancelled_share"], only["order_lean"]) == (0.0, 0.5, pytest.approx(1 / 3))


def test_windows_of_several_runs_keep_their_groups_and_days_apart() -> None:
    both = joined([USUAL, USUAL])
    assert len(both) == 2 * len(USUAL)
    assert {block.day for block in both.blocks} == {0, 1}
    assert set(both.groups[: len(USUAL)].tolist()).isdisjoint(both.groups[len(USUAL) :].tolist())
