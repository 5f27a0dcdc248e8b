"""What the layout of an engine's snapshot depends on."""

from __future__ import annotations

from typing import Final

from detection_service.engine import crowd_records, match_records, owner_records, records
from detection_service.frozen import Layout
from tapewatch.market import records as market_records
from tapewatch.market import window_records
from tapewatch.market.records import Record

ENGINE: Final = 10
"""Raised whenever what the engine's state holds, or what that means, changes."""


def _fields() -> dict[str, str]:
    """The fields of every flat record, in one order: the bytes of a snapshot are those of any process."""
    modules = (market_records, window_records, records, match_records, owner_records, crowd_records)
    classes = (each for module in modules for each in vars(module).values() if isinstance(each, type))
    kinds = {each for each in classes if issubclass(each, Record) and each is not Record}
    return {
        f"fields of {each.__name__}": " ".join(f"{name}:{count}{code}" for name, code, count in each.LAYOUT)
        for each in sorted(kinds, key=lambda kind: kind.__name__)
    }


LAYOUT: Final = Layout(b"TWS2", {"engine layout": ENGINE, **_fields()})
