import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.ordering import CASE_ORDERS, NEWEST_FIRST, Key, parse_order
from case_service.search import parse_search
from tapewatch.runtime.errors import InvalidArgument


def test_no_order_is_newest_first() -> None:
    assert parse_order("  ", CASE_ORDERS) == NEWEST_FIRST


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("priority", (Key("priority"), Key("number"))),
        ("score desc", (Key("score", descending=True), Key("number", descending=True))),
        (" priority asc , due_time_ns desc", (Key("priority"), Key("due_time_ns", True), Key("number", True))),
        ("number desc", (Key("number", descending=True),)),
    ],
)
def test_an_order_ends_with_the_number_in_the_direction_of_its_last_key(text: str, keys: object) -> None:
    assert parse_order(text, CASE_ORDERS) == keys


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour", "order_by: expected one of create_time_ns, .*, found 'colour'"),
        ("priority down", "each with asc or desc behind it or nothing, found 'priority down'"),
        ("priority,", "found ''"),
        ("priority, priority desc", "expected each field once"),
        ("priority, score, severity, state", "expected at most 3 fields, found 4"),
        ("priority; DROP TABLE cases", "found 'priority; DROP TABLE cases'"),
        ("x" * 201, "expected at most 200 characters, found 201"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint) as caught:
        parse_order(text, CASE_ORDERS)
    assert caught.value.metadata["field"] == "order_by"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("Layered  quotes", ("layered", "quotes")),
        ("9,000 A-1", ("9", "000", "a", "1")),
        ("with* with", ("with*", "with")),
        ("ann ANN", ("ann",)),
        ("Ünïcode 漢字", ("ünïcode", "漢字")),
    ],
)
def test_a_search_is_split_into_its_words(text: str, words: tuple[str, ...]) -> None:
    assert parse_search(text) == words


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("!!!", "search: expected a word, found '!!!'"),
        ("a*", r"expected \* only behind the first 2 or more letters of a word, found 'a\*'"),
        ("a*bc", r"expected \* only behind"),
        ("*", r"expected \* only behind"),
        ("a\0b", "and no NUL"),
        ("x " * 101, "expected at most 200 characters"),
        ("a b c d e f g h i j k", "expected at most 10 words, found 11"),
    ],
)
def test_a_search_that_cannot_be_read_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint) as caught:
        parse_search(text)
    assert caught.value.metadata["field"] == "search"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_as_order_and_search(text: str) -> None:
    with contextlib.suppress(InvalidArgument):
        parse_order(text, CASE_ORDERS)
    with contextlib.suppress(InvalidArgument):
        assert all("'" not in word and '"' not in word and "\\" not in word for word in parse_search(text))
