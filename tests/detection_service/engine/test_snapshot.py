"""A snapshot is whole, of this version's layout and shares nothing with the engine it is of; or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection_service.engine import snapshot
from detection_service.engine.snapshot import Frozen, SnapshotError, state_of
from tapewatch.market.arrays import Bulk

BULKY = bytes(range(256)) * 20


def taken() -> bytes:
    return bytes(Frozen.of({"plain": [1, "two", None], "bulky": {"records": Bulk(BULKY)}}))


def test_what_was_frozen_is_read_back() -> None:
    state = state_of(taken())
    assert state["plain"] == [1, "two", None]
    assert bytes(state["bulky"]["records"].data) == BULKY


def test_plain_values_that_change_later_are_as_they_were_frozen() -> None:
    names = ["one"]
    frozen = Frozen.of({"names": names})
    names.append("two")
    assert state_of(bytes(frozen)) == {"names": ["one"]}


def test_what_is_neither_plain_nor_bulk_is_refused() -> None:
    with pytest.raises(TypeError, match="expected plain values and bulk in a state, found PosixPath"):
        Frozen.of({"where": Path()})


@pytest.mark.parametrize("place", range(0, len(taken()), 97))
def test_a_bit_turned_anywhere_is_found(place: int) -> None:
    damaged = bytearray(taken())
    damaged[place] ^= 1
    with pytest.raises(SnapshotError, match=r"expected (an undamaged engine snapshot|a snapshot of layout)"):
        state_of(bytes(damaged))


@pytest.mark.parametrize("kept", [0, 3, 4, 11, 12, 40, -len(BULKY), -1])
def test_a_snapshot_cut_short_is_refused(kept: int) -> None:
    with pytest.raises(SnapshotError):
        state_of(taken()[:kept])


def test_a_snapshot_of_another_layout_is_refused_saying_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LAYOUT", 1)
    older = taken()
    monkeypatch.undo()
    with pytest.raises(SnapshotError, match=f"expected an engine snapshot of layout {snapshot.LAYOUT}, found layout 1"):
        state_of(older)


def test_a_snapshot_from_before_there_were_layouts_is_refused() -> None:
    with pytest.raises(SnapshotError, match=r"expected a snapshot of layout \d+, marked b'TWS2', found b'TWS1'"):
        state_of(b"TWS1\0\0\0\0anything")


def test_a_snapshot_of_other_records_is_refused_naming_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FORMATS", snapshot.FORMATS | {"Order": "link:1q"})
    other = taken()
    monkeypatch.undo()
    with pytest.raises(SnapshotError, match=r"expected records Order of 'link:1q key:1Q .*, found 'link:1q'"):
        state_of(other)
