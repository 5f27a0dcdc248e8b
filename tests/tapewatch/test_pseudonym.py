import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.pseudonym import Pseudonyms

KEY = bytes(range(32))


def test_the_same_name_has_one_pseudonym_a_kind_and_key() -> None:
    names = Pseudonyms(KEY)
    assert (
        names.of("ACCOUNT", "A-1") == names.of("ACCOUNT", "A-1") != names.of("OWNER", "A-1").replace("OWNER", "ACCOUNT")
    )
    assert names.of("ACCOUNT", "A-1") != Pseudonyms(KEY[::-1]).of("ACCOUNT", "A-1")
    assert names.of("ACCOUNT", "") == ""


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes, found 31"):
        Pseudonyms(KEY[:-1])


def test_names_in_a_text_are_replaced_where_they_stand_alone() -> None:
    names = Pseudonyms(KEY)
    one, other = names.of("ACCOUNT", "A1"), names.of("ACCOUNT", "A1.2")
    text = names.in_text("A1 and A1.2, not BA1 or A12: A1.", [("ACCOUNT", "A1"), ("ACCOUNT", "A1.2")])
    assert text == f"{one} and {other}, not BA1 or A12: {one}."


@given(st.text(min_size=1, max_size=40))
def test_a_pseudonym_is_letters_and_digits_whatever_the_name(name: str) -> None:
    pseudonym = Pseudonyms(KEY).of("ACCOUNT", name)
    kind, _, digits = pseudonym.partition("-")
    assert (kind, len(digits), digits.isalnum()) == ("ACCOUNT", 16, True)
