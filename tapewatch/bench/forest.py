"""The anomaly model's scores against scikit-learn's: how fast, and how far apart."""

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from detection_service.anomaly.training import fit, split, train
from detection_service.anomaly.windows import collect_windows
from tapewatch.bench import market
from tapewatch.bench.figure import Figure, Samples, figure_of, repeated, single

PART = "forest"
BATCHES = (1, 64, 1024)
ROWS_MAX = 4096
DIFFERENCE_MAX = 1e-12
ROWS_PER_S_MIN = 300_000
RUN_S = 0.2
SEED = 1


def measure(seconds: float) -> list[Figure]:
    """Rows/s of the forest at each batch size, of both; of whole portraits; the largest difference of their scores."""
    ordinary = market.session()
    windows = collect_windows(market.frames_of(ordinary.reports), ordinary.reference)
    model = train(windows, SEED)
    forest = fit(model.inputs(windows.rows[split(windows)[0]]), SEED)
    rows = model.inputs(windows.rows[:ROWS_MAX])
    theirs = rows.astype(np.float32)
    figures = []
    for batch in BATCHES:
        mine = _rate(model.scores, rows, batch, seconds)
        other = _rate(forest.score_samples, theirs, batch, seconds)
        times = f"{mine.median / other.median:.1f} times scikit-learn"
        limits: dict[str, Any] = {"floor": ROWS_PER_S_MIN, "target": ROWS_PER_S_MIN}
        figures.append(figure_of(PART, f"batch {batch:,}", mine, "rows/s", note=times, **limits))
        figures.append(figure_of(PART, f"batch {batch:,}, scikit-learn", other, "rows/s"))
    whole = _rate(model.strangeness, windows.rows[:ROWS_MAX], max(BATCHES), seconds)
    figures.append(figure_of(PART, "from portrait to p-value's score", whole, "rows/s", note=f"batch {max(BATCHES):,}"))
    difference = float(np.abs(model.scores(rows) + forest.score_samples(theirs)).max())
    limits = {"floor": DIFFERENCE_MAX, "target": DIFFERENCE_MAX, "lower_is_better": True}
    note = f"over {len(rows):,} windows, {model.forest.trees} trees of {model.numbers['sample']}"
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
