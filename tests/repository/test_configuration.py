"""The published schema and the example are those of the settings the services read."""

import re

import pytest
import yaml

from tapewatch.runtime.settings import SHARED_SECTIONS, Section, load_settings
from tests.repository.settings_schema import EXAMPLE, PUBLISHED, SECTION_TYPES, schema_text

TEXT = EXAMPLE.read_text(encoding="utf-8")
WITH_SIMULATOR = re.sub(r"^# simulator:\n(?:# .*\n)+", lambda found: found[0].replace("# ", ""), TEXT, flags=re.M)
ALL = {**SECTION_TYPES, **SHARED_SECTIONS}


def test_the_published_schema_is_the_one_of_the_settings() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "generate it again: .venv/bin/python -m tests.repository.settings_schema"
    )


@pytest.mark.parametrize("section", ALL)
def test_the_example_states_the_defaults(section: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("example") / "tapewatch.yaml"
    path.write_text(WITH_SIMULATOR, encoding="utf-8")
    assert section in yaml.safe_load(WITH_SIMULATOR)
    assert load_settings(section, ALL[section], path, {}) == load_settings(section, ALL[section], None, {})


@pytest.mark.parametrize(("section", "section_type"), ALL.items())
def test_the_example_names_every_key(section: str, section_type: type[Section]) -> None:
    part = re.search(rf"^{section}:\n(.*?)(?=^\w|\Z)", WITH_SIMULATOR, flags=re.M | re.S)
    assert part is not None
    keys = {field.alias or name for name, field in section_type.model_fields.items()}
    named = set(re.findall(r"^  (?:# )?(\w+):", part[1], flags=re.M))
    assert keys - named == set()
