"""The anomaly model's scores against scikit-learn's: how fast, and how far apart."""

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from detection_service.anomaly.features import features
from detection_service.anomaly.training import SAMPLE, TREES, collect_windows, train
from tapewatch.bench import market
from tapewatch.bench.figure import Figure, Samples, figure_of, repeated, single

PART = "forest"
BATCHES = (1, 64, 1024)
ROWS_MAX = 4096
DIFFERENCE_MAX = 1e-15
RUN_S = 0.2
SEED = 1


def measure(seconds: float) -> list[Figure]:
    """Rows/s at each batch size, of both; the largest difference of their scores."""
    from sklearn.ensemble import IsolationForest  # takes a second to import

    ordinary = market.session()
    windows = collect_windows(market.frames_of(ordinary.reports), ordinary.reference)
    model = train(windows, SEED)
    rows = features(windows).astype(np.float32)[:ROWS_MAX]
    forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=SEED)
    forest.fit(features(windows).astype(np.float32))
    figures = []
    for batch in BATCHES:
        ours = _rate(model.scores, rows, batch, seconds)
        theirs = _rate(forest.score_samples, rows, batch, seconds)
        times = f"{ours.median / theirs.median:.1f} times scikit-learn"
        figures.append(figure_of(PART, f"batch {batch:,}", ours, "rows/s", note=times))
        figures.append(figure_of(PART, f"batch {batch:,}, scikit-learn", theirs, "rows/s"))
    difference = float(np.abs(model.scores(rows) + forest.score_samples(rows)).max())
    limits: dict[str, Any] = {"floor": DIFFERENCE_MAX, "target": DIFFERENCE_MAX, "lower_is_better": True}
    note = f"over {len(rows):,} windows, {TREES} trees of {SAMPLE}"
    return [*figures, single(PART, "largest difference of scores", difference, "", note=note, **limits)]


def _rate(score: Callable[[Any], object], rows: Any, batch: int, seconds: float) -> Samples:
    """Rows a second of CPU time; a run ends with the rows or after RUN_S."""

    def run() -> float:
        done = 0
        begun_s = process_time()
        while done < len(rows) and process_time() - begun_s < RUN_S:
            part = rows[done : done + batch]
            score(part)
            done += len(part)
        return done / (process_time() - begun_s)

    return repeated(run, seconds / len(BATCHES))
