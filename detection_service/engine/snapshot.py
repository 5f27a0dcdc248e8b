"""What the layout of an engine's snapshot depends on."""

from __future__ import annotations

from typing import Final

from detection_service.engine import records as engine_records
from detection_service.frozen import Layout
from tapewatch.market import records as market_records
from tapewatch.market.records import Record

ENGINE: Final = 2
"""Raised whenever what the engine's state holds, or what that means, changes."""


def _fields() -> dict[str, str]:
    """The fields of every flat record."""
    kinds = [each for module in (market_records, engine_records) for each in vars(module).values()]
    records = {each for each in kinds if isinstance(each, type) and issubclass(each, Record) and each is not Record}
    return {
        f"fields of {each.__name__}": " ".join(f"{name}:{count}{code}" for name, code, count in each.LAYOUT)
        for each in records
    }


LAYOUT: Final = Layout(b"TWS2", {"engine layout": ENGINE, **_fields()})
