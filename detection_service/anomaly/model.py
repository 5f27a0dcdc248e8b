"""The model as data: flat arrays of trees in JSON, so that loading one never runs anything of its sender's."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.features import FEATURES, features
from detection_service.anomaly.traversal import path_lengths
from tapewatch.alert import Anomaly, Contribution

SCHEMA: Final = "tapewatch-isolation-forest-1"
CONTRIBUTIONS_MAX: Final = 5
_ARRAYS: Final = {
    "feature": "<i4",
    "threshold": "<f8",
    "left": "<i4",
    "right": "<i4",
    "length": "<f8",
    "roots": "<i4",
    "medians": "<f8",
    "quantiles": "<f8",
}
_OPTIONAL: Final = "quantiles"
Array = NDArray[Any]


class ModelError(ValueError):
    """The content is not a model for these features; says what was expected and found."""


@dataclass(frozen=True, slots=True, eq=False)
class ForestModel:
    """An isolation forest over FEATURES.

    Node arrays of all trees end to end (see `traversal`), `roots` of shape (trees,), `medians` the training median of
    each feature, `normaliser` the mean path length of the sample size, `trained_windows` how many rows it has seen.
    """

    arrays: Mapping[str, Array]
    normaliser: float
    trained_windows: int
    model_id: str

    @staticmethod
    def of(arrays: Mapping[str, Array], normaliser: float, trained_windows: int) -> ForestModel:
        """A model from its arrays, checked and named by its content. Raises ModelError."""
        given = {_OPTIONAL: (), **arrays}
        typed = {name: np.array(given[name], dtype=dtype) for name, dtype in _ARRAYS.items()}
        _check(typed, normaliser)
        digest = hashlib.sha256(json.dumps([SCHEMA, FEATURES, normaliser]).encode())
        for name in _ARRAYS:
            digest.update(typed[name].tobytes())
        return ForestModel(typed, normaliser, trained_windows, digest.hexdigest())

    def scores(self, rows: Array) -> Array:
        """Anomaly scores of feature rows, shape (rows,): 2^(-mean path / normaliser), higher is more unusual.

        The input is rounded to float32 first, as scikit-learn does.
        """
        rounded = np.ascontiguousarray(rows.astype(np.float32).astype(np.float64))
        totals = np.zeros(len(rounded))
        held = self.arrays
        nodes = (held["feature"], held["threshold"], held["left"], held["right"], held["length"])
        path_lengths(rounded, *nodes, held["roots"], totals)
        scores: Array = np.exp2(-totals / (len(held["roots"]) * self.normaliser))
        return scores

    def rarities(self, windows: Sequence[Sequence[float]]) -> list[float]:
        """Share of the training windows that each window (raw measures) is more unusual than, 0 to 1.

        Empty where the model was not calibrated, or without windows.
        """
        steps = self.arrays[_OPTIONAL]
        if not windows or not len(steps):
            return []
        ranks = np.searchsorted(steps, self.scores(features(windows)), side="right")
        return [float(rank) for rank in ranks / len(steps)]

    def score(self, windows: Sequence[Sequence[float]]) -> Anomaly | None:
        """The view of the most unusual of the windows, with what each feature adds against its training median."""
        if not windows:
            return None
        rows = features(windows)
        scores = self.scores(rows)
        worst = int(np.argmax(scores))
        plain = np.repeat(rows[worst : worst + 1], len(FEATURES), axis=0)
        np.fill_diagonal(plain, self.arrays["medians"])
        gains = scores[worst] - self.scores(plain)
        ranked = sorted(range(len(FEATURES)), key=lambda index: (-abs(gains[index]), index))[:CONTRIBUTIONS_MAX]
        contributions = tuple(
            Contribution(FEATURES[index], float(rows[worst, index]), max(-1.0, float(gains[index] / scores[worst])))
            for index in ranked
        )
        return Anomaly(float(scores[worst]), self.model_id, contributions)

    def to_json(self) -> dict[str, Any]:
        """The model as JSON, the content of a model control record."""
        encoded = {name: base64.b64encode(self.arrays[name].tobytes()).decode() for name in _ARRAYS}
        return {
            "schema": SCHEMA,
            "features": list(FEATURES),
            "normaliser": self.normaliser,
            "trained_windows": self.trained_windows,
            "model_id": self.model_id,
            "arrays": encoded,
        }

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> ForestModel:
        """The reverse of `to_json`. Raises ModelError where the content is damaged or made for other features."""
        if content.get("schema") != SCHEMA or tuple(content.get("features", ())) != FEATURES:
            raise ModelError(f"expected a {SCHEMA} model over {', '.join(FEATURES)}; train one with this version")
        try:
            arrays = {
                name: np.frombuffer(base64.b64decode(content["arrays"][name], validate=True), dtype=dtype)
                for name, dtype in _ARRAYS.items()
                if name != _OPTIONAL or name in content["arrays"]
            }
            model = ForestModel.of(arrays, float(content["normaliser"]), int(content["trained_windows"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model's arrays are damaged: {error}") from error
        if model.model_id != content.get("model_id"):
            raise ModelError(f"expected model {content.get('model_id')}, found content of {model.model_id}")
        return model


def _check(arrays: Mapping[str, Array], normaliser: float) -> None:
    """Every walk must stay inside the arrays and end: children lie behind their parents."""
    nodes = len(arrays["feature"])
    if any(len(arrays[name]) != nodes for name in ("threshold", "left", "right", "length")):
        raise ModelError("the model's node arrays are not of one length")
    inner = arrays["feature"] >= 0
    places = np.arange(nodes)
    children = np.concatenate([arrays["left"][inner], arrays["right"][inner]])
    parents = np.concatenate([places[inner], places[inner]])
    sound = (
        len(arrays["medians"]) == len(FEATURES)
        and len(arrays["roots"]) > 0
        and bool((arrays["roots"] >= 0).all() and (arrays["roots"] < nodes).all())
        and bool((children > parents).all() and (children < nodes).all())
        and bool((arrays["feature"] < len(FEATURES)).all())
        and all(bool(np.isfinite(arrays[name]).all()) for name in ("threshold", "length", "medians"))
        and bool((arrays["length"] >= 0).all())
        and 0 < normaliser < np.inf
    )
    if not sound:
        raise ModelError("the model's trees do not hold together")
