import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.formats.columns import convertible, decimals, encoded, integers, nanoseconds, units
from tapewatch.market.validate import TIME_MAXIMUM_NS


@given(st.lists(st.one_of(st.none(), st.sampled_from(["1", "-2.5", "1e3", "x", "1,5", "", "0x1", " 1", "9" * 30]))))
def test_a_batch_converts_as_each_of_its_values_would_alone(texts: list[str | None]) -> None:
    for type_ in (pa.int64(), pa.float64(), pa.decimal128(38, 9)):
        together, bad = convertible(pa.array(texts, pa.string()), type_)
        alone = [convertible(pa.array([text], pa.string()), type_) for text in texts]
        assert together.to_pylist() == [values[0].as_py() for values, _ in alone]
        assert bad.tolist() == [index for index, (_, one) in enumerate(alone) if len(one)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_decimal_text_becomes_the_very_double_it_was_written_from(number: float) -> None:
    values, faults = decimals("price", pa.array([repr(number)]))
    assert (values.tolist(), faults) == ([number], [])


@given(st.integers(0, 86_399), st.integers(0, 999_999_999))
def test_seconds_with_nine_places_are_exact_nanoseconds(seconds: int, fraction: int) -> None:
    text = f"{seconds}.{fraction:09d}".rstrip("0")
    values, faults = units("time", pa.array([None, text])[1:], 9)
    assert (values.tolist(), faults) == ([seconds * 10**9 + fraction], [])


@pytest.mark.parametrize("text", ["1.0000000001", "abc", "99999999999999999999"])
def test_a_time_too_fine_too_large_or_no_number_is_a_fault(text: str) -> None:
    _, faults = units("time", pa.array(["1", text]), 9)
    assert [(fault.index, fault.reason) for fault in faults] == [(1, "BAD_NUMBER")]
    assert faults[0].message.endswith(f"found {text!r}")


def test_null_is_zero_in_integers_and_nan_in_doubles_and_minus_one_in_text() -> None:
    nothing = pa.array([None], pa.string())
    assert integers("source_epoch", nothing)[0].tolist() == [0]
    assert math.isnan(decimals("price", nothing)[0][0])
    assert encoded(nothing)[0].tolist() == [-1]
    assert encoded(pa.array(["", "a"]))[0].tolist()[0] == -1


def test_a_hexadecimal_integer_is_a_fault_beside_other_faults_too() -> None:
    _, faults = integers("source_epoch", pa.array(["0x10", "?", "3"]))
    assert [fault.index for fault in faults] == [0, 1]


def test_a_time_beyond_64_bits_is_never_wrapped_into_range() -> None:
    assert nanoseconds(integers("t", pa.array([str(2**62)]))[0], 10**6).tolist()[0] > TIME_MAXIMUM_NS
