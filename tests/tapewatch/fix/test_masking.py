"""The mask, whatever the pieces a stream comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.masking import HELD_BYTES_MAX, Mask, _find_by_search, find_secret

FIELDS = st.lists(
    st.sampled_from(
        [b"8=FIX.4.4", b"35=A", b"553=user", b"554=secret", b"925=newer", b"96=raw", b"95=3\x0196=a\x01b", b"1554=x"]
    ),
    max_size=12,
).map(lambda fields: b"".join(field + b"\x01" for field in fields))


def masked(data: bytes, step: int) -> bytes:
    mask = Mask()
    kept = [piece for place in range(0, len(data), step) for piece in mask.feed(data[place : place + step])]
    return b"".join([*kept, mask.finish()])


@pytest.mark.parametrize("step", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"35=A\x01554=secret\x0110=1\x01", b"35=A\x01554=******\x0110=1\x01"),
        (b"925=new\x01554=\x01", b"925=***\x01554=\x01"),
        (b"95=5\x0196=a\x01b\x01c\x0110=1\x01", b"95=5\x0196=*****\x0110=1\x01"),
        (b"96=abc\x0158=554=x\x01", b"96=***\x0158=554=x\x01"),
        (b"1554=a\x01996=b\x019=3\x01", b"1554=a\x01996=b\x019=3\x01"),
        (b"35=A\x01554=cut o", b"35=A\x01554=*****"),
        (b"95=900\x0196=cut\x01of", b"95=900\x0196=******"),
    ],
)
def test_secrets_are_starred_and_nothing_else(data: bytes, wanted: bytes, step: int) -> None:
    assert masked(data, step) == wanted


@given(FIELDS, st.integers(1, 40))
def test_pieces_make_no_difference(data: bytes, step: int) -> None:
    assert masked(data, step) == masked(data, len(data) + 1)
    assert len(masked(data, step)) == len(data)


TAGS = (b"\x01554=", b"\x0196=", b"\x01925=", b"\x01964=", b"\x015541=", b"\x0192=", b"\x01", b"55", b"9", b"4=")


@given(st.integers(0, 5000), st.lists(st.sampled_from(TAGS), max_size=12).map(b"".join), st.integers(0, 40))
def test_both_ways_of_searching_find_the_same(before: int, tags: bytes, behind: int) -> None:
    data = b"x" * before + tags + b"y" * behind
    assert find_secret(data, 0) == _find_by_search(data, 0)


def test_a_field_without_end_is_not_held_for_ever() -> None:
    mask = Mask()
    kept = [*mask.feed(b"554=" + b"s" * (HELD_BYTES_MAX + 1)), *mask.feed(b"s" * 100 + b"\x0155=A\x01")]
    assert b"".join(kept) == b"554=" + b"*" * (HELD_BYTES_MAX + 101) + b"\x0155=A\x01"
    assert b"".join(mask.feed(b"58=" + b"x" * HELD_BYTES_MAX)) == b"58=" + b"x" * HELD_BYTES_MAX
