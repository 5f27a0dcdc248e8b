"""The forest scores as scikit-learn's does, travels as data, and is refused where it does not hold together."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from detection_service.anomaly.features import FEATURES, features
from detection_service.anomaly.model import SCHEMA, ForestModel, ModelError
from detection_service.anomaly.training import SAMPLE, TREES, WINDOWS_MIN, collect_windows, train
from detection_service.engine.records import MEASURES
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.detection_service.anomaly.windows import windows
from tests.detection_service.scenario import Market


@pytest.fixture(scope="module")
def model() -> ForestModel:
    return train(windows(400), seed=5)


def test_scores_are_scikit_learn_s(model: ForestModel) -> None:
    rows = features(windows(400)).astype(np.float32)
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=5).fit(rows)
    others = features(windows(300, seed=12))
    np.testing.assert_allclose(
        model.scores(others), -forest.score_samples(others.astype(np.float32)), rtol=0, atol=1e-12
    )


def test_values_on_the_very_threshold_go_where_scikit_learn_sends_them(model: ForestModel) -> None:
    rows = features(windows(400)).astype(np.float32)
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=5).fit(rows)
    inner = model.arrays["feature"] >= 0
    on_edge = np.repeat(rows[:1].astype(np.float64), 200, axis=0)
    for row, (feature, threshold) in enumerate(
        zip(model.arrays["feature"][inner][:200], model.arrays["threshold"][inner][:200], strict=True)
    ):
        on_edge[row, feature] = threshold
    np.testing.assert_allclose(
        model.scores(on_edge), -forest.score_samples(on_edge.astype(np.float32)), rtol=0, atol=1e-12
    )


def test_the_same_windows_and_seed_give_the_same_model(model: ForestModel) -> None:
    assert train(windows(400), seed=5).model_id == model.model_id != train(windows(400), seed=6).model_id


def test_json_gives_back_the_same_model(model: ForestModel) -> None:
    again = ForestModel.from_json(json.loads(json.dumps(model.to_json())))
    rows = features(windows(20, seed=9))
    assert again.model_id == model.model_id
    assert again.trained_windows == 400
    assert (again.scores(rows) == model.scores(rows)).all()


def test_the_most_unusual_window_is_scored_with_what_makes_it_so(model: ForestModel) -> None:
    ordinary, odd = windows(2, seed=9), windows(1, seed=9)[0]
    odd[MEASURES.index("cancels")] = odd[MEASURES.index("orders_buy")] = 1e7
    anomaly = model.score([ordinary[0], odd, ordinary[1]])
    assert anomaly is not None
    assert anomaly.score == max(model.scores(features([ordinary[0], odd, ordinary[1]])))
    assert {"orders_log", "cancels_log"} & {each.feature for each in anomaly.contributions[:2]}
    assert all(-1 <= each.contribution <= 1 for each in anomaly.contributions)


def test_without_windows_there_is_no_view(model: ForestModel) -> None:
    assert model.score([]) is None


def stump(length_left: float, length_right: float, normaliser: float = 1.0) -> dict[str, Any]:
    """Arrays of one tree of three nodes that splits on the first feature."""
    return {
        "arrays": {
            "feature": [0, -1, -1],
            "threshold": [1.0, 0.0, 0.0],
            "left": [1, -1, -1],
            "right": [2, -1, -1],
            "length": [0.0, length_left, length_right],
            "roots": [0],
            "medians": [0.0] * len(FEATURES),
        },
        "normaliser": normaliser,
    }


def test_a_feature_whose_usual_value_is_far_more_unusual_counts_at_most_minus_one() -> None:
    content = stump(0.1, 8.0)
    model = ForestModel.of(content["arrays"], content["normaliser"], 64)
    window = [0.0] * len(MEASURES)
    window[MEASURES.index("orders_buy")] = 100.0
    anomaly = model.score([window])
    assert anomaly is not None
    assert min(each.contribution for each in anomaly.contributions) == -1.0


def changed(change: Callable[[dict[str, list[Any]]], None], normaliser: float = 1.0) -> ForestModel:
    content = stump(1.0, 1.0, normaliser)
    change(content["arrays"])
    return ForestModel.of({name: np.array(values) for name, values in content["arrays"].items()}, normaliser, 64)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays["left"].__setitem__(0, 0),
        lambda arrays: arrays.update(feature=[0, 0, -1], left=[1, 0, -1], right=[2, 2, -1]),
        lambda arrays: arrays["right"].__setitem__(0, 3),
        lambda arrays: arrays["right"].__setitem__(0, -1),
        lambda arrays: arrays["feature"].__setitem__(0, len(FEATURES)),
        lambda arrays: arrays["roots"].__setitem__(0, 3),
        lambda arrays: arrays["roots"].__setitem__(0, -1),
        lambda arrays: arrays.update(roots=[]),
        lambda arrays: arrays["left"].pop(),
        lambda arrays: arrays["length"].append(1.0),
        lambda arrays: arrays["medians"].pop(),
        lambda arrays: arrays["length"].__setitem__(1, float("nan")),
        lambda arrays: arrays["length"].__setitem__(1, -1.0),
        lambda arrays: arrays["threshold"].__setitem__(0, float("inf")),
    ],
    ids=[
        *("itself its child", "a cycle", "a child outside", "no child", "a feature outside", "a root outside"),
        *("a negative root", "no trees", "a node too few", "a node too many", "a median too few", "a length of nan"),
        *("a negative length", "an infinite threshold"),
    ],
)
def test_trees_that_do_not_hold_together_are_refused(change: Callable[[dict[str, list[Any]]], None]) -> None:
    assert changed(lambda _: None).scores(np.zeros((1, len(FEATURES)))) == pytest.approx(0.5)
    with pytest.raises(ModelError):
        changed(change)


@pytest.mark.parametrize("normaliser", [0.0, -1.0, float("nan"), float("inf")])
def test_a_normaliser_that_is_no_length_is_refused(normaliser: float) -> None:
    with pytest.raises(ModelError, match="do not hold together"):
        changed(lambda _: None, normaliser)


def damaged(model: ForestModel, **changes: object) -> dict[str, Any]:
    return {**model.to_json(), **changes}


def test_a_model_of_other_features_or_another_schema_is_refused_saying_what_is_expected(model: ForestModel) -> None:
    for content in (damaged(model, schema="other"), damaged(model, features=["a"]), {}):
        with pytest.raises(ModelError, match=f"expected a {SCHEMA} model over orders_log"):
            ForestModel.from_json(content)


def test_a_model_whose_content_is_not_its_name_s_is_refused(model: ForestModel) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ModelError, match=f"expected model {other}, found content of {model.model_id}"):
        ForestModel.from_json(damaged(model, model_id=other))


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"abc").decode(), 5, None])
def test_arrays_that_are_damaged_are_refused(model: ForestModel, text: object) -> None:
    arrays = {**model.to_json()["arrays"], "left": text}
    with pytest.raises(ModelError, match="the model's arrays are damaged"):
        ForestModel.from_json(damaged(model, arrays=arrays))


def test_arrays_of_different_lengths_are_refused(model: ForestModel) -> None:
    arrays = {**model.to_json()["arrays"], "left": base64.b64encode(bytes(8)).decode()}
    with pytest.raises(ModelError):
        ForestModel.from_json(damaged(model, arrays=arrays))


def test_too_few_windows_to_train_on_are_refused_saying_how_many_are_needed() -> None:
    with pytest.raises(ModelError, match=f"expected at least {WINDOWS_MIN} windows to train on, found 3"):
        train(windows(3))


def test_features_are_finite_for_a_minute_in_which_nothing_happened() -> None:
    assert (features([[0.0] * len(MEASURES)]) == 0).all()


def test_features_name_what_is_opposed() -> None:
    window = dict.fromkeys(MEASURES, 0.0) | {"cancelled_buy": 10.0, "sold": 2.0, "cancels": 1.0, "fills": 1.0}
    row = dict(zip(FEATURES, features([list(window.values())])[0], strict=True))
    assert (row["opposed"], row["cancel_imbalance"], row["fill_imbalance"]) == (1.0, 1.0, 1.0)


def test_windows_are_the_closed_minutes_of_every_group() -> None:
    market = Market().at(5)
    order = market.new("a", "BUY", 10.0, 30)
    market.at(8).cancel(order)
    market.at(61).new("a", "BUY", 10.0, 1)
    market.at(125).new("b", "BUY", 10.0, 1)
    (values,) = collect_windows([Frame.from_rows(market.rows)], Reference.of())
    only = dict(zip(MEASURES, values, strict=True))
    assert (only["orders_buy"], only["quantity_buy"], only["cancels"], only["cancelled_buy"]) == (1.0, 30.0, 1.0, 30.0)
    assert (only["cancelled_life_s"], only["fleeting"], only["depth_share_max"]) == (3.0, 0.0, 0.0)
