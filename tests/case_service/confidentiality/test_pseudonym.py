import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.confidentiality.pseudonym import KEY_BYTES, pseudonym, pseudonym_key
from tapewatch.runtime.errors import StartError

KEY, OTHER_KEY = b"k" * KEY_BYTES, b"o" * KEY_BYTES


@given(st.text(), st.text())
def test_names_have_one_pseudonym_each_and_share_none(first: str, second: str) -> None:
    assert (pseudonym(KEY, first) == pseudonym(KEY, second)) == (first == second)


def test_a_pseudonym_is_as_it_always_was_and_depends_on_the_key() -> None:
    assert pseudonym(KEY, "ACC-1") == "p-ikgn6abvymm25b7q4zmmld7z"
    assert pseudonym(KEY, "ACC-1") != pseudonym(OTHER_KEY, "ACC-1")
    assert pseudonym(KEY, "") == ""


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a key of 32 bytes or more, found 5"):
        pseudonym(b"short", "ACC-1")


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonym.key"
    key = pseudonym_key(path)
    assert pseudonym_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_bytes(b"short")
    with pytest.raises(StartError, match="expected 32 random bytes"):
        pseudonym_key(path)
