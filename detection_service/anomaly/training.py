"""Fits the anomaly model: a job outside the engine, whose result is published as a control record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from sklearn.ensemble import IsolationForest

from detection_service.anomaly.features import FEATURES, features
from detection_service.anomaly.model import ForestModel, ModelError
from detection_service.engine.core import Core
from detection_service.engine.frame_view import FrameView
from detection_service.engine.registry import NEVER
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference

TREES: Final = 100
SAMPLE: Final = 256
WINDOWS_MIN: Final = 64
CALIBRATION_STEPS: Final = 1001
EULER_GAMMA: Final = 0.5772156649015329


def collect_windows(frames: Iterable[Frame | bytes], reference: Reference) -> list[list[float]]:
    """The raw measures of every closed minute of every group in every market, from frames in event order."""
    core = Core(reference.group_of)
    core.collected = []
    for frame in frames:
        core.begin(FrameView(Frame.decode(frame) if isinstance(frame, bytes) else frame))
        while core.run():
            core.market.session_due = NEVER  # sessions give no windows, and the event would come again
    collected: list[list[float]] = core.collected
    return collected


def train(windows: Sequence[Sequence[float]], seed: int = 1) -> ForestModel:
    """Fits a forest of 100 trees on samples of 256. Raises ModelError on fewer than 64 windows."""
    if len(windows) < WINDOWS_MIN:
        raise ModelError(f"expected at least {WINDOWS_MIN} windows to train on, found {len(windows)}: give more data")
    rows = features(windows).astype(np.float32)
    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, len(rows)), random_state=seed).fit(rows)
    parts = [_tree(estimator.tree_) for estimator in forest.estimators_]
    sizes = [len(part["feature"]) for part in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    arrays: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) for name in ("feature", "threshold", "length")
    }
    for name in ("left", "right"):
        arrays[name] = np.concatenate([part[name] + start for part, start in zip(parts, starts, strict=True)])
    arrays["roots"] = starts
    arrays["medians"] = np.median(rows, axis=0)
    assert len(arrays["medians"]) == len(FEATURES)
    normaliser = float(_mean_path(np.array([forest.max_samples_]))[0])
    scores = ForestModel.of(arrays, normaliser, len(rows)).scores(rows)
    arrays["quantiles"] = np.quantile(scores, np.linspace(0, 1, CALIBRATION_STEPS))
    return ForestModel.of(arrays, normaliser, len(rows))


def _tree(tree: Any) -> dict[str, Any]:
    """Node arrays of one fitted tree; thresholds rounded down to float32, since inputs are float32."""
    leaf = tree.children_left < 0
    rounded = tree.threshold.astype(np.float32)
    down = np.where(rounded > tree.threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    depth = np.zeros(tree.node_count)
    for node in np.flatnonzero(~leaf):
        depth[tree.children_left[node]] = depth[tree.children_right[node]] = depth[node] + 1
    return {
        "feature": np.where(leaf, -1, tree.feature),
        "threshold": down.astype(np.float64),
        "left": tree.children_left,
        "right": tree.children_right,
        "length": np.where(leaf, depth + _mean_path(tree.n_node_samples), 0.0),
    }


def _mean_path(samples: Any) -> Any:
    """Mean path of an unsuccessful search in a binary search tree of so many samples (Liu, Ting, Zhou 2008)."""
    count = np.asarray(samples, dtype=np.float64)
    harmonic = np.log(np.maximum(count - 1, 1)) + EULER_GAMMA
    return np.where(count > 2, 2 * harmonic - 2 * (count - 1) / np.maximum(count, 1), np.where(count == 2, 1.0, 0.0))
