"""Which row of reference data holds when."""

from hypothesis import given
from hypothesis import strategies as st

from tapewatch.market.history import ALWAYS_NS, NOTHING, History
from tapewatch.market.reference import Row, is_valid

BOUND = st.one_of(st.none(), st.integers(0, 20))


def row(number: int, begins: int | None, ends: int | None) -> Row:
    bounds = {"valid_from": begins, "valid_to": ends}
    return {"rate": str(number), **{name: str(each) for name, each in bounds.items() if each is not None}}


ROWS = st.lists(st.tuples(BOUND, BOUND)).map(lambda all_: [row(at, *bounds) for at, bounds in enumerate(all_)])


@given(ROWS, st.integers(0, 21))
def test_the_last_row_that_holds_is_found_and_stays_so_until_said(rows: list[Row], time_ns: int) -> None:
    history = History(rows)
    until_ns = history.until_ns(time_ns)
    assert until_ns > time_ns
    for moment in range(time_ns, min(until_ns, 25)):
        assert history.at(moment) == next((each for each in reversed(rows) if is_valid(each, moment)), {})


def test_without_a_time_the_last_row_stands_until_the_first_event_where_rows_change() -> None:
    changing, lasting = History([row(1, None, 5), row(2, 5, None)]), History([row(3, None, None)])
    assert (changing.at(None)["rate"], changing.until_ns(None)) == ("2", -ALWAYS_NS)
    assert (lasting.at(None)["rate"], lasting.until_ns(None)) == ("3", ALWAYS_NS)
    assert (NOTHING.at(None), NOTHING.at(0), NOTHING.until_ns(0)) == ({}, {}, ALWAYS_NS)
