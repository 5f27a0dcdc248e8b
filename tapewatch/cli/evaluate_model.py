"""The anomaly model an evaluation ranks by where none is named: made of ordinary days of tuning seeds."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from detection_service.anomaly.model import ForestModel
from detection_service.anomaly.watching import Watched
from simulator.hard_negatives import HARD_NEGATIVES
from simulator.output import EVENT_FILES, write_run
from simulator.simulation import labelled_run
from tapewatch.cli.evaluate_plan import side_by_side
from tapewatch.cli.evaluate_run import HOURS, MARKET
from tapewatch.cli.model_training import train_model, watch_files
from tapewatch.cli.reference_files import reference_beside

ORDINARY_SEEDS: Final = (1001, 1002, 1003)
"""Tuning seeds: three, for one day in three is calibrated on."""
MINUTES: Final = 30.0
"""About as long as most markets of the standard tier."""
FOREST_SEED: Final = 1


def ordinary_model(processes: int, done: Callable[[Watched], None] = lambda watched: None) -> ForestModel:
    """A model of three days without abuse, with every hard negative, in the market of the standard tier."""
    return train_model(side_by_side(ordinary_day, ORDINARY_SEEDS, processes, done), FOREST_SEED)


def ordinary_day(seed: int, minutes: float = MINUTES) -> Watched:
    """The windows of a simulated day without abuse."""
    config = labelled_run(
        (),
        seed=seed,
        minutes=minutes,
        severity=0.0,
        hard_negatives=sorted(HARD_NEGATIVES),
        market=MARKET,
        hours=HOURS,
    )
    with tempfile.TemporaryDirectory(prefix="tapewatch-evaluate-") as name:
        folder = Path(name)
        write_run(folder, config, severity=0.0)
        return watch_files([folder / EVENT_FILES["events"]], reference_beside(folder), "events")
