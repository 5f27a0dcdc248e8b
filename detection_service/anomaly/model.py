"""The model as data: arrays in JSON, checked before anything is done with them, so that loading one runs nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detection_service.anomaly.calibration import STEPS, Calibration
from detection_service.anomaly.forest import Forest
from detection_service.anomaly.tails import Tails
from detection_service.anomaly.trees import Nodes, TreeError, completed, mean_path
from detection_service.anomaly.words import WORDS, told
from detection_service.engine.facts import Unusual
from detection_service.engine.portrait import FAMILIES, FEATURES
from tapewatch.alert import Anomaly, Contribution

SCHEMA: Final = "tapewatch-isolation-forest-2"
CONTRIBUTIONS_MAX: Final = 5
REASONS_MAX: Final = 3
HALVINGS: Final = 17
QUANTILES: Final = 101
CONTEXT: Final = "context"
TWO_SIDED: Final = frozenset({"order_to_trade", "order_size", "order_to_trade_change"})
"""Of which unusually little is told as well as unusually much."""
ENDS: Final = tuple(
    np.cumsum([len(names) for family, names in FAMILIES.items() if family != CONTEXT]).astype(int).tolist()
)
COLUMNS: Final = 2 * len(ENDS) + 2
"""What the forest sees: two sums a family, two of everything."""
_ARRAYS: Final = {
    "edges": "<f8",
    "knots": "<f8",
    "last": "<i4",
    "feature": "<i1",
    "threshold": "<f4",
    "samples": "<u2",
    "members": "<f8",
    "tail": "<f8",
    "steps": "<f8",
    "quantiles": "<f8",
}
_NUMBERS: Final = ("depth", "sample", "member_last", "calibrated")
_KEYS: Final = ("schema", "features", "training", *_NUMBERS, "arrays")
Array = NDArray[Any]


class ModelError(ValueError):
    """The content is not a model for these features; says what was expected and found."""


@dataclass(frozen=True, slots=True, eq=False)
class ForestModel:
    """How unusual a portrait is: an isolation forest over how far out its features are, beside their plain sum.

    `arrays` hold the tables of tails (`edges`, `knots`, `last`: detection_service.anomaly.tails), the trees' nodes
    (`feature`, `threshold`, `samples`: detection_service.anomaly.trees), the calibration (`tail`, `steps`) and the
    `quantiles` of every feature in training, (features, 101). `training` says what it was made of.
    """

    arrays: Mapping[str, Array]
    numbers: Mapping[str, int]
    training: Mapping[str, Any]
    model_id: str
    calibration: Calibration
    tails: Tails
    forest: Forest

    @staticmethod
    def of(arrays: Mapping[str, Any], numbers: Mapping[str, int], training: Mapping[str, Any]) -> ForestModel:
        """A model from its parts, checked and named by its content. Raises ModelError."""
        typed = {name: np.array(arrays[name], dtype=dtype, order="C") for name, dtype in _ARRAYS.items()}
        whole = {name: int(numbers[name]) for name in _NUMBERS}
        _check(typed, whole)
        try:
            nodes = Nodes(typed["feature"], typed["threshold"], typed["samples"])
            trees = completed(nodes, whole["depth"], COLUMNS)
        except TreeError as error:
            raise ModelError(f"the model's trees do not hold together: {error}") from error
        content = _content(typed, whole, training)
        return ForestModel(
            typed,
            whole,
            training,
            hashlib.sha256(canonical(content)).hexdigest(),
            Calibration(whole["calibrated"], typed["tail"], typed["steps"]),
            tails_of(typed["edges"], typed["knots"], typed["last"], typed["members"], whole["member_last"]),
            Forest(COLUMNS, whole["depth"], *trees, mean_path(whole["sample"])),
        )

    def inputs(self, portraits: Array) -> Array:
        """What the forest sees of portraits, float64 of shape (portraits, columns)."""
        made = np.empty((len(portraits), COLUMNS))
        self.tails.take(np.ascontiguousarray(portraits, dtype=np.float64), made)
        return made

    def scores(self, inputs: Array) -> Array:
        """The forest's scores of its inputs, shape (rows,): as scikit-learn's, higher is more unusual."""
        scores = np.empty(len(inputs))
        self.forest.scores(inputs, scores)
        return scores

    def strangeness(self, portraits: Array) -> Array:
        """How unusual portraits are in all, shape (portraits,), 0 or more, in halvings of the usual."""
        inputs = self.inputs(portraits)
        made = np.empty(len(inputs))
        self.tails.combine(inputs, self.scores(inputs), made)
        return made

    def p_values(self, portraits: Array) -> Array:
        """The share of usual windows at least as unusual as each of some portraits."""
        return self.calibration.p_values(self.strangeness(portraits))

    def judge(self, portrait: Sequence[float]) -> Unusual:
        """How unusual a portrait is, and why."""
        row = np.array([portrait], dtype=np.float64)
        return Unusual(float(self.p_values(row)[0]), lambda: self.reasons(row[0]))

    def view(self, portraits: Sequence[Sequence[float]]) -> Anomaly | None:
        """The view of the most unusual of the portraits: its score is the share of usual windows less unusual."""
        if not portraits:
            return None
        rows = np.array(portraits, dtype=np.float64)
        strangeness = self.strangeness(rows)
        worst = int(np.argmax(strangeness))
        p_value = float(self.calibration.p_values(strangeness[worst : worst + 1])[0])
        contributions = tuple(
            Contribution(FEATURES[place], float(rows[worst, place]), share)
            for place, share in self._contributions(rows[worst])[:CONTRIBUTIONS_MAX]
        )
        return Anomaly(1.0 - p_value, self.model_id, contributions)

    def reasons(self, portrait: Array) -> tuple[str, ...]:
        """What makes a portrait unusual, in words, the most first: each value beside what is usual."""
        found = [each for each in self._contributions(portrait)[:REASONS_MAX] if each[1] > 0]
        return tuple(
            f"{WORDS[FEATURES[place]].meaning}: {told(FEATURES[place], float(portrait[place]))} (usually "
            f"{told(FEATURES[place], usual[5])} to {told(FEATURES[place], usual[95])})"
            for place, _ in found
            for usual in (self.arrays["quantiles"][place],)
        )

    def _contributions(self, portrait: Array) -> list[tuple[int, float]]:
        """Features by their part in all the halvings a portrait is out, the most first; those of context have none."""
        halvings = np.zeros(len(FEATURES))
        halvings[: ENDS[-1]] = self.tails.told(np.ascontiguousarray(portrait[None, :]))
        shares = halvings / max(float(halvings.sum()), 1.0)
        order = sorted(range(len(FEATURES)), key=lambda place: (-shares[place], place))
        return [(place, float(shares[place])) for place in order]

    def to_json(self) -> dict[str, Any]:
        """The model as JSON, the content of a model control record."""
        return {**_content(self.arrays, self.numbers, self.training), "model_id": self.model_id}

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> ForestModel:
        """The reverse of `to_json`; what is beside the model's own keys is left. Raises ModelError."""
        if content.get("schema") != SCHEMA:
            raise ModelError(f"expected a model of schema {SCHEMA}, found {content.get('schema')}: train one anew")
        if tuple(content.get("features", ())) != FEATURES:
            raise ModelError(f"expected a model over the {len(FEATURES)} features of this version: train one anew")
        try:
            arrays = {
                name: np.frombuffer(base64.b64decode(content["arrays"][name], validate=True), dtype=dtype)
                for name, dtype in _ARRAYS.items()
            }
            shaped = {**arrays, **_shaped(arrays)}
            model = ForestModel.of(shaped, {name: content[name] for name in _NUMBERS}, content["training"])
        except ModelError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the model's content is damaged: {error}") from error
        if model.model_id != content.get("model_id"):
            raise ModelError(f"expected model {content.get('model_id')}, found content of {model.model_id}: do not use")
        return model


def tails_of(edges: Array, knots: Array, last: Array, members: Array, member_last: int) -> Tails:
    """Tables of tails over FEATURES and their families."""
    two_sided = np.array([name in TWO_SIDED for name in FEATURES], dtype=np.uint8)
    return Tails(edges, knots, last, two_sided, np.array(ENDS, dtype=np.int32), members, member_last)


def canonical(content: Mapping[str, Any]) -> bytes:
    """A model's own content as bytes, by which it is named."""
    return json.dumps({key: content[key] for key in _KEYS}, sort_keys=True, separators=(",", ":")).encode()


def _content(arrays: Mapping[str, Array], numbers: Mapping[str, int], training: Mapping[str, Any]) -> dict[str, Any]:
    encoded = {name: base64.b64encode(arrays[name].tobytes()).decode() for name in _ARRAYS}
    return {"schema": SCHEMA, "features": list(FEATURES), "training": dict(training), **numbers, "arrays": encoded}


def _shaped(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Those of more than one dimension; ValueError where the length does not fit."""
    return {
        "knots": arrays["knots"].reshape(-1, 2, len(FEATURES), HALVINGS),
        "members": arrays["members"].reshape(2, HALVINGS),
        "quantiles": arrays["quantiles"].reshape(len(FEATURES), QUANTILES),
    }


def _check(arrays: Mapping[str, Array], numbers: Mapping[str, int]) -> None:
    """Every look into a table must stay inside it, and find rising numbers. Raises ModelError."""
    groups = len(arrays["last"])
    last = [*arrays["last"].tolist(), numbers["member_last"]]
    wrong = [
        name
        for name, holds in (
            ("shapes", arrays["knots"].shape == (groups, 2, len(FEATURES), HALVINGS)),
            ("shapes of members", arrays["members"].shape == (2, HALVINGS)),
            ("quantiles", arrays["quantiles"].shape == (len(FEATURES), QUANTILES)),
            ("peer groups", groups >= 1 and len(arrays["edges"]) == groups - 1),
            ("halvings told", all(0 <= each < HALVINGS for each in last)),
            ("calibration", len(arrays["steps"]) == STEPS and 1 <= len(arrays["tail"]) <= numbers["calibrated"]),
            ("sample", numbers["sample"] >= 2),
            ("numbers", all(bool(np.isfinite(arrays[name]).all()) for name in _ARRAYS)),
            (
                "order",
                all(_rises(arrays[name]) for name in ("edges", "knots", "members", "tail", "steps", "quantiles")),
            ),
        )
        if not holds
    ]
    if wrong:
        raise ModelError(f"the model's tables do not hold together: {', '.join(wrong)}")


def _rises(values: Array) -> bool:
    return bool((np.diff(values, axis=-1) >= 0).all())
