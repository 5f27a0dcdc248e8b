from pathlib import Path

from detection_service.rules.catalogue import RULE_BY_ID
from simulator.schemes import SCHEMES
from simulator.schemes.page import page_text
from simulator.schemes.without import WITHOUT_SCHEME

ROOT = Path(__file__).parents[3]


def test_the_page_about_schemes_is_what_the_schemes_say() -> None:
    written = (ROOT / "docs/schemes.md").read_text(encoding="utf-8")
    assert written == page_text(), "run `tapewatch simulator page`"


def test_every_rule_has_a_scheme_of_its_name_or_a_reason_for_none() -> None:
    assert not set(SCHEMES) & set(WITHOUT_SCHEME)
    assert set(SCHEMES) | set(WITHOUT_SCHEME) == set(RULE_BY_ID)
