"""Fits and calibrates the anomaly model: a job outside the engine, whose result is published as a control record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from detection_service.anomaly.calibration import Calibration
from detection_service.anomaly.model import COLUMNS, HALVINGS, QUANTILES, ForestModel, ModelError, tails_of
from detection_service.anomaly.trees import nodes_of
from detection_service.anomaly.windows import Windows
from detection_service.engine.portrait import FEATURES

TREES: Final = 100
SAMPLE: Final = 256
WINDOWS_MIN: Final = 64
PEER_SHARES: Final = (0.6, 0.95)
"""Peer groups: of the windows by their part of the market's messages, the lower 60 %, the upper 5 %, the rest."""
PEERS_MIN: Final = 512
CALIBRATION_EVERY: Final = 3
SPLITS: Final = ("days", "days and markets", "time alone: one market on one day")
Array = NDArray[Any]


def split(windows: Windows) -> tuple[Array, Array, str]:
    """Places of the windows to fit on, and of those to calibrate on: every third day; every third market of a day
    where there are not three days; the last third of the time where there are not three of those either. And which."""
    days = np.array([block.day for block in windows.blocks])
    if len(set(days.tolist())) >= CALIBRATION_EVERY:
        _, parts = np.unique(days, return_inverse=True)
        kind = SPLITS[0]
    else:
        parts = np.arange(len(windows.blocks))
        kind = SPLITS[1]
    if len(windows) and len(set(parts.tolist())) < CALIBRATION_EVERY:
        late = windows.minutes > np.quantile(windows.minutes, 1 - 1 / CALIBRATION_EVERY)
        return np.flatnonzero(~late), np.flatnonzero(late), SPLITS[2]
    held = (parts % CALIBRATION_EVERY == CALIBRATION_EVERY - 1)[windows.block]
    return np.flatnonzero(~held), np.flatnonzero(held), kind


def train(windows: Windows, seed: int = 1, left_out: int = 0) -> ForestModel:
    """Fits on two thirds of some windows, calibrates on the rest; `left_out` is how many were left out before.

    Raises ModelError on fewer than 64 windows on either side.
    """
    fitted, held, kind = split(windows)
    if min(len(fitted), len(held)) < WINDOWS_MIN:
        raise ModelError(
            f"expected at least {WINDOWS_MIN} windows to fit on and as many to calibrate on, found {len(fitted)} and "
            f"{len(held)}: give more data"
        )
    rows = windows.rows[fitted]
    arrays = _tables(rows)
    inputs = np.empty((len(rows), COLUMNS))
    tails_of(**arrays, members=np.zeros((2, HALVINGS)), member_last=0).take(rows, inputs)
    forest = fit(inputs, seed)
    nodes = nodes_of([estimator.tree_ for estimator in forest.estimators_])
    member_last = _last(len(rows))
    depth = max(1, int(np.ceil(np.log2(forest.max_samples_))))
    numbers = {"depth": depth, "sample": int(forest.max_samples_), "member_last": member_last}
    arrays |= nodes._asdict()
    arrays["members"] = np.stack([_knots(-forest.score_samples(inputs.astype(np.float32))), _knots(inputs[:, -1])])
    arrays["quantiles"] = np.quantile(rows, np.linspace(0, 1, QUANTILES), axis=0, method="lower").T
    training = _training(windows, fitted, held, kind, seed, left_out)
    uncalibrated = _calibrated(arrays, numbers, training, np.zeros(1))
    return _calibrated(arrays, numbers, training, uncalibrated.strangeness(windows.rows[held]))


def _calibrated(
    arrays: Mapping[str, Array], numbers: Mapping[str, int], training: Mapping[str, Any], scores: Array
) -> ForestModel:
    """A model calibrated on some scores."""
    calibration = Calibration.of(scores)
    whole = {**arrays, "tail": calibration.tail, "steps": calibration.steps}
    return ForestModel.of(whole, {**numbers, "calibrated": calibration.count}, training)


def fit(inputs: Array, seed: int) -> IsolationForest:
    """scikit-learn's forest over the inputs, as float32."""
    sample = min(SAMPLE, len(inputs))
    return IsolationForest(n_estimators=TREES, max_samples=sample, random_state=seed).fit(inputs.astype(np.float32))


def _tables(rows: Array) -> dict[str, Array]:
    """Peer groups and the halvings of their tails."""
    edges = np.unique(np.quantile(rows[:, 0], PEER_SHARES)) if len(rows) >= PEERS_MIN else np.zeros(0)
    group = np.searchsorted(edges, rows[:, 0], side="right")
    if min(np.bincount(group, minlength=len(edges) + 1)) < WINDOWS_MIN:
        edges, group = np.zeros(0), np.zeros(len(rows), dtype=int)
    parts = [rows[group == number] for number in range(len(edges) + 1)]
    knots = np.stack([np.stack([_knots_of(part), _knots_of(-part)]) for part in parts])
    last = np.array([_last(len(part)) for part in parts], dtype=np.int32)
    return {"edges": edges, "knots": knots, "last": last}


def _knots_of(rows: Array) -> Array:
    return np.stack([_knots(rows[:, place]) for place in range(len(FEATURES))])


def _knots(values: Array) -> Array:
    """Where the upper tail of some values has each halving."""
    shares = np.minimum(1.0 - 0.5 ** np.arange(HALVINGS), 1.0 - 2.0 / len(values))
    return np.asarray(np.quantile(values, shares, method="lower"))


def _last(count: int) -> int:
    """The last halving that so many values tell."""
    return max(1, min(HALVINGS - 1, int(np.log2(count)) - 1))


def _training(windows: Windows, fitted: Array, held: Array, kind: str, seed: int, left_out: int) -> dict[str, Any]:
    digest = hashlib.sha256(np.ascontiguousarray(windows.rows).tobytes())
    digest.update(np.ascontiguousarray(windows.minutes).tobytes())
    return {
        "digest": digest.hexdigest(),
        "seed": seed,
        "fitted_windows": len(fitted),
        "calibrated_windows": len(held),
        "left_out_windows": left_out,
        "split_by": kind,
        "days": len({block.day for block in windows.blocks}),
        "markets": len({(block.venue, block.instrument) for block in windows.blocks}),
        "groups": len(np.unique(windows.groups)),
    }
