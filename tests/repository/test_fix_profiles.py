"""The published schema and page of FIX profiles are those of the code, and the shipped profiles are good by them."""

import re

import pytest
import yaml

from tapewatch.fix.profile import PROFILE_FOLDER, Profile, shipped_profiles
from tests.conftest import CHECKOUT
from tests.repository.profile_schema import PUBLISHED, schema_text

PAGE = (CHECKOUT / "docs" / "fix-profiles.md").read_text(encoding="utf-8")


def test_the_published_schema_is_the_one_profiles_are_read_by() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "generate it again: .venv/bin/python -m tests.repository.profile_schema"
    )


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_shipped_profile_says_what_kind_of_venue_it_suits(name: str) -> None:
    text = (PROFILE_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Suits: ")
    assert set(yaml.safe_load(text)) <= set(Profile.model_fields)


def test_the_page_names_every_profile_and_every_key() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert named >= set(shipped_profiles())
    assert named >= set(Profile.model_fields)
