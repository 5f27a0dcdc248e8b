"""A snapshot is whole, of this version's layout, and shares nothing with what goes on; or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection_service.frozen import Frozen, Layout, SnapshotError
from tapewatch.market.arrays import Bulk

LAYOUT = Layout(b"TEST", {"layout": 2, "fields of Order": "link:1q price:1d"})
DENSE, SPARSE = bytes(range(256)) * 20, bytes(100_000)


def taken(*, small: bool = False) -> bytes:
    state = {"plain": [1, "two", None], "dense": {"records": Bulk(DENSE)}, "sparse": Bulk(SPARSE)}
    return b"".join(Frozen.of(state).pieces(LAYOUT, small=small))


@pytest.mark.parametrize("small", [False, True])
def test_what_was_frozen_is_read_back(small: bool) -> None:
    state = Frozen.read(taken(small=small), LAYOUT).state()
    assert state["plain"] == [1, "two", None]
    assert bytes(state["dense"]["records"].data) == DENSE
    assert bytes(state["sparse"].data) == SPARSE


def test_what_is_mostly_zeros_is_kept_small_where_that_is_asked_for() -> None:
    assert len(taken()) > len(SPARSE) > 10 * len(taken(small=True))


def test_plain_values_that_change_later_are_as_they_were_frozen() -> None:
    names = ["one"]
    frozen = Frozen.of({"names": names})
    names.append("two")
    assert frozen.state() == {"names": ["one"]}


def test_what_is_neither_plain_nor_bulk_is_refused() -> None:
    with pytest.raises(TypeError, match="expected plain values and bulk in a state, found PosixPath"):
        Frozen.of({"where": Path()})


@pytest.mark.parametrize("place", range(0, len(taken(small=True)), 37))
def test_a_bit_turned_anywhere_is_found(place: int) -> None:
    damaged = bytearray(taken(small=True))
    damaged[place] ^= 1
    with pytest.raises(SnapshotError, match="expected an undamaged snapshot"):
        Frozen.read(bytes(damaged), LAYOUT)


@pytest.mark.parametrize("kept", [0, 3, 4, 11, 12, 40, -len(DENSE), -1])
def test_a_snapshot_cut_short_is_refused(kept: int) -> None:
    with pytest.raises(SnapshotError, match="expected an undamaged snapshot"):
        Frozen.read(taken()[:kept], LAYOUT)


@pytest.mark.parametrize(
    ("name", "other", "told"),
    [
        ("layout", 1, r"with layout 2, found 1"),
        ("fields of Order", "link:1q", r"with fields of Order 'link:1q price:1d', found 'link:1q'"),
        ("fields of Level", "link:1q", r"with fields of Level None, found 'link:1q'"),
    ],
)
def test_a_snapshot_of_another_layout_is_refused_saying_what_differs(name: str, other: str | int, told: str) -> None:
    written = b"".join(Frozen.of({}).pieces(Layout(LAYOUT.mark, {**LAYOUT.depends_on, name: other})))
    with pytest.raises(SnapshotError, match=f"expected a snapshot of this version, {told}"):
        Frozen.read(written, LAYOUT)


def test_a_snapshot_from_before_there_were_layouts_is_refused() -> None:
    with pytest.raises(SnapshotError, match="expected an undamaged snapshot of this version, marked b'TEST', found b'"):
        Frozen.read(b"TWS1\0\0\0\0anything", LAYOUT)
