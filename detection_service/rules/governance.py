"""What the metadata of every rule must say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from detection_service.rules.rule import Metadata, Parameter, Regulation

RULE_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
TYPOLOGY: Final = re.compile(r"[A-Z][A-Z0-9_]+")
EMPTY_WORDS: Final = re.compile(r"\b(?:unknown|todo|tbd|n/a|none known)\b", re.IGNORECASE)
REASON_CHARACTERS_MIN: Final = 10
LISTS: Final = ("needs", "parameters", "regulations", "known_false_positives", "known_gaps", "triage_steps")
TEXTS: Final = ("title", "description")
STAGES: Final = (1, 2)


def complaints(metadata: Metadata) -> list[str]:
    """What of a rule's metadata is missing or says nothing, each with the rule and the field."""
    return [f"{metadata.rule_id}: {each}" for each in _complaints(metadata)]


def _complaints(metadata: Metadata) -> Iterator[str]:
    if not RULE_ID.fullmatch(metadata.rule_id):
        yield f"rule_id: expected small letters, digits and _, found {metadata.rule_id!r}"
    if not TYPOLOGY.fullmatch(metadata.typology):
        yield f"typology: expected capitals, digits and _, found {metadata.typology!r}"
    if metadata.stage not in STAGES:
        yield f"stage: expected 1 (one instrument) or 2 (an owner over all instruments), found {metadata.stage!r}"
    if not 0 < metadata.episode_gap_s < metadata.episode_max_s:
        found = f"{metadata.episode_gap_s:g} and {metadata.episode_max_s:g}"
        yield f"episode_gap_s: expected more than 0 s and less than episode_max_s, found {found}"
    yield from (f"{name}: expected at least one, found none" for name in LISTS if not getattr(metadata, name))
    listed: tuple[object, ...] = metadata.regulations  # a user's rule may be written without types
    for pointer in listed:
        if not isinstance(pointer, Regulation):
            yield f"regulations: expected Regulation(text, verified), found {pointer!r}"
    written = [(name, getattr(metadata, name)) for name in TEXTS]
    written += [(name, text) for name in LISTS[3:] for text in getattr(metadata, name)]
    for name, text in written:
        if not text.strip() or EMPTY_WORDS.search(text):
            yield f"{name}: expected what is known, found {text!r}"
    names = [parameter.name for parameter in metadata.parameters]
    yield from (
        f"parameter {name} is there twice" for name in sorted({each for each in names if names.count(each) > 1})
    )
    for parameter in metadata.parameters:
        yield from (f"parameter {parameter.name}: {each}" for each in _parameter_complaints(parameter))


def _parameter_complaints(parameter: Parameter) -> Iterator[str]:
    if not parameter.minimum < parameter.maximum:
        yield f"expected minimum < maximum, found {parameter.minimum:g} and {parameter.maximum:g}"
    if not parameter.minimum <= parameter.default <= parameter.maximum:
        yield f"expected a default of {parameter.minimum:g} to {parameter.maximum:g}, found {parameter.default:g}"
    if not parameter.unit:
        yield "expected a unit, found none"
    if len(parameter.reason) < REASON_CHARACTERS_MIN:
        yield f"expected the reason of the default, found {parameter.reason!r}"
