"""Isolation trees as flat lists of nodes, as they are written down, and padded to complete trees, as they are walked.

A tree is its nodes in depth-first order: an inner node (`feature` 0 or more, `threshold`) is followed by what lies at
or below the threshold, then by what lies above; a leaf (`feature` -1) has the number of training `samples` it holds.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LEAF: Final = -1
DEPTH_MAX: Final = 12
EULER_GAMMA: Final = 0.5772156649015329


class TreeError(ValueError):
    """Nodes do not make trees; says where."""


class Nodes(NamedTuple):
    """All trees end to end: int8 (nodes,), float32 (nodes,), uint16 (nodes,)."""

    feature: Array
    threshold: Array
    samples: Array


class Complete(NamedTuple):
    """Complete trees of one depth, as detection_service.anomaly.forest.Forest walks them."""

    feature: Array
    threshold: Array
    length: Array


def nodes_of(trees: Any) -> Nodes:
    """The nodes of scikit-learn's trees; thresholds rounded down to float32, since inputs are float32."""
    parts = []
    for tree in trees:
        leaf = tree.children_left < 0
        if not (tree.children_left[~leaf] == np.flatnonzero(~leaf) + 1).all():
            raise TreeError("expected scikit-learn's nodes in depth-first order: this version of it has another")
        rounded = tree.threshold.astype(np.float32)
        down = np.where(rounded > tree.threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
        parts.append((np.where(leaf, LEAF, tree.feature), np.where(leaf, 0.0, down), tree.n_node_samples))
    kinds = (np.int8, np.float32, np.uint16)
    columns = zip(*parts, strict=True)
    return Nodes(*(np.concatenate(column).astype(kind) for column, kind in zip(columns, kinds, strict=True)))


def completed(nodes: Nodes, depth: int, columns: int) -> Complete:
    """The trees padded to a depth. Raises TreeError for nodes that are no whole trees over so many columns."""
    _check(nodes, depth, columns)
    inner, leaves = (1 << depth) - 1, 1 << depth
    features: list[Array] = []
    thresholds: list[Array] = []
    lengths: list[Array] = []
    waiting: list[tuple[int, int]] = []
    ends = _mean_path(nodes.samples)
    for number, (feature, threshold) in enumerate(zip(nodes.feature.tolist(), nodes.threshold, strict=True)):
        if not waiting:
            waiting.append((0, 0))
            features.append(np.zeros(inner, dtype=np.uint8))
            thresholds.append(np.full(inner, np.inf, dtype=np.float32))
            lengths.append(np.zeros(leaves))
        place, level = waiting.pop()
        if feature == LEAF:
            first = ((place + 1) << (depth - level)) - leaves
            lengths[-1][first : first + (1 << (depth - level))] = level + ends[number]
            continue
        if level == depth:
            raise TreeError(f"expected trees of at most {depth} levels, found a deeper one at node {number}")
        features[-1][place], thresholds[-1][place] = feature, threshold
        waiting += [(2 * place + 2, level + 1), (2 * place + 1, level + 1)]
    if waiting:
        raise TreeError(f"expected whole trees, found the last one {len(waiting)} nodes short")
    return Complete(np.concatenate(features), np.concatenate(thresholds), np.concatenate(lengths))


def _check(nodes: Nodes, depth: int, columns: int) -> None:
    if not 1 <= depth <= DEPTH_MAX:
        raise TreeError(f"expected a depth of 1 to {DEPTH_MAX}, found {depth}")
    if not len(nodes.feature) == len(nodes.threshold) == len(nodes.samples) > 0:
        raise TreeError(f"expected nodes in arrays of one length, found {[len(part) for part in nodes]}")
    if not ((nodes.feature >= LEAF) & (nodes.feature < columns)).all():
        raise TreeError(f"expected features below {columns}, found {int(nodes.feature.max())}")
    if not np.isfinite(nodes.threshold).all():
        raise TreeError("expected finite thresholds")


def mean_path(samples: float) -> float:
    """Mean path of an unsuccessful search in a binary search tree of so many samples (Liu, Ting, Zhou 2008)."""
    return float(_mean_path(np.array([samples]))[0])


def _mean_path(samples: Array) -> Array:
    count = np.asarray(samples, dtype=np.float64)
    harmonic = np.log(np.maximum(count - 1, 1)) + EULER_GAMMA
    path = 2 * harmonic - 2 * (count - 1) / np.maximum(count, 1)
    return np.where(count > 2, path, np.where(count == 2, 1.0, 0.0))
