"""What the layout of a snapshot depends on is what a snapshot holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from detection_service.engine.engine import Engine
from detection_service.engine.snapshot import ENGINE, LAYOUT
from tapewatch.market.frame import Frame
from tapewatch.market.records import Record
from tests.detection_service.engine.every_scheme import every_scheme

SEED = 20260302
KNOWN = (10, "2ab29b22a27989a4")
"""The number of the layout, and a digest of the names in what it holds."""


def names(state: Any, place: str = "") -> Iterator[str]:
    """Where everything stands in a state; members of a list stand in one place."""
    if isinstance(state, dict):
        for name, value in state.items():
            yield from names(value, f"{place}/{name}" if isinstance(name, str) else f"{place}/*")
    elif isinstance(state, list):
        for value in state:
            yield from names(value, f"{place}/*")
    else:
        yield place


def test_what_the_core_holds_does_not_change_without_the_layout_s_number() -> None:
    stream = every_scheme(SEED)
    engine = Engine(stream.configuration)
    engine.process(Frame.from_rows(stream.rows()))
    held = "\n".join(sorted(set(names(engine.core.state()))))
    found = (ENGINE, hashlib.sha256(held.encode()).hexdigest()[:16])
    assert found == KNOWN, f"the core holds other things: raise detection_service.engine.snapshot.ENGINE\n{held}"


def test_records_of_every_kind_are_in_the_layout() -> None:
    told = {name.removeprefix("fields of ") for name in LAYOUT.depends_on}
    kinds = {each.__name__ for each in Record.__subclasses__() if not each.__module__.startswith("tests.")}
    assert {"Order", "Activity", "Bucket", "Match"} <= kinds <= told
