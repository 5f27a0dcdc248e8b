import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.paging import PageTokens, page_size_of
from tapewatch.runtime.errors import InvalidArgument

TOKENS = PageTokens(b"k" * 32)


@pytest.mark.parametrize(("requested", "size"), [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000)])
def test_the_page_size_has_a_default_and_a_limit(requested: int, size: int) -> None:
    assert page_size_of(requested) == size


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="page_size: expected 0 to 1000, found -1"):
        page_size_of(-1)


@given(st.integers(0, 2**63 - 1), st.text())
def test_a_token_carries_its_position(position: int, conditions: str) -> None:
    token = TOKENS.make("ListCases", conditions, position)
    assert TOKENS.read(token, "ListCases", conditions) == position


def test_no_token_is_the_first_page() -> None:
    assert TOKENS.read("", "ListCases", "") is None


@given(st.integers(0, 200), st.characters(exclude_categories=["Cs"]))
def test_a_token_with_any_character_changed_is_refused(place: int, character: str) -> None:
    token = TOKENS.make("ListCases", "state = OPEN", 7)
    place %= len(token)
    if token[place] == character:
        return
    with pytest.raises(InvalidArgument, match="page_token: expected the next_page_token"):
        TOKENS.read(token[:place] + character + token[place + 1 :], "ListCases", "state = OPEN")


@given(st.text(min_size=1))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="begin again without a token"):
        TOKENS.read(text, "ListCases", "")


@pytest.mark.parametrize(("method", "conditions"), [("ListAlerts", "state = OPEN"), ("ListCases", "")])
def test_a_token_of_another_request_is_refused(method: str, conditions: str) -> None:
    token = TOKENS.make("ListCases", "state = OPEN", 7)
    with pytest.raises(InvalidArgument, match=f"expected a token of {method} with the same filter"):
        TOKENS.read(token, method, conditions)


def test_a_token_of_another_store_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        PageTokens(b"x" * 32).read(TOKENS.make("ListCases", "", 7), "ListCases", "")
