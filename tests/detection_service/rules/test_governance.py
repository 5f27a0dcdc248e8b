"""What metadata is held to."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.governance import complaints
from detection_service.rules.rule import Metadata, Parameter, Regulation

METADATA = RULE_BY_ID["spoofing"].metadata


@pytest.mark.parametrize("metadata", [rule.metadata for rule in RULES], ids=list(RULE_BY_ID))
def test_metadata_is_complete_and_admits_its_limits(metadata: Metadata) -> None:
    assert complaints(metadata) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule_id": "Spoof"}, "rule_id: expected small letters"),
        ({"typology": "spoof"}, "typology: expected capitals"),
        ({"stage": 3}, "stage: expected 1"),
        ({"episode_gap_s": 0}, "episode_gap_s: expected more than 0 s"),
        ({"known_gaps": ()}, "known_gaps: expected at least one"),
        ({"known_gaps": ("Unknown.",)}, "known_gaps: expected what is known, found 'Unknown.'"),
        ({"regulations": ("MAR",)}, "regulations: expected Regulation(text, verified), found 'MAR'"),
        ({"regulations": ()}, "regulations: expected at least one"),
        ({"parameters": (Parameter("x", 3, "s", 1, 2, "a good reason"),)}, "expected a default of 1 to 2, found 3"),
        ({"parameters": (Parameter("x", 1, "", 1, 2, "a good reason"),)}, "parameter x: expected a unit"),
        ({"parameters": (Parameter("x", 1, "s", 1, 2, "so"),)}, "parameter x: expected the reason"),
        ({"parameters": (Parameter("x", 1, "s", 1, 1, "a good reason"),)}, "expected minimum < maximum"),
        ({"parameters": (Parameter("x", 1, "s", 1, 2, "a good reason"),) * 2}, "parameter x is there twice"),
    ],
)
def test_what_is_missing_is_named(change: dict[str, Any], message: str) -> None:
    assert [each for each in complaints(dataclasses.replace(METADATA, **change)) if message in each]


def test_a_pointer_says_whether_its_wording_was_read() -> None:
    metadata = dataclasses.replace(METADATA, regulations=(Regulation("A 1", True), Regulation("B 2")))
    assert [str(pointer) for pointer in metadata.regulations] == ["A 1", "B 2 (unverified)"]
