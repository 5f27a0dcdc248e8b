"""Honest practice that looks like abuse, by name; each is written from how such traders act."""

from simulator.hard_negatives.hard_negative import HardNegative
from simulator.hard_negatives.high_cancel_algorithm import HIGH_CANCEL_ALGORITHM

HARD_NEGATIVES: dict[str, HardNegative] = {one.name: one for one in (HIGH_CANCEL_ALGORITHM,)}
"""Every hard negative by its name, which is also the typology of its labels."""
