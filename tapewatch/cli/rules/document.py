"""A rule as one JSON document: what `show --json` prints and `diff` compares."""

import difflib
from collections.abc import Iterable
from typing import Any

from detection_service.rules import versions
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.rule import Rule
from surveillance.v1 import detection_pb2
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.output import plain


def rule_named(rule_id: str) -> Rule:
    """A rule of the catalogue; WrongUsageError names the nearest where there is none."""
    rule = RULE_BY_ID.get(rule_id)
    if rule is None:
        raise WrongUsageError(nearest_rule(rule_id, RULE_BY_ID))
    return rule


def nearest_rule(rule_id: str, known: Iterable[str]) -> str:
    """That there is no such rule, and which is nearest."""
    near = difflib.get_close_matches(rule_id, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`tapewatch rules list` lists them"
    return f"no rule {rule_id!r}: {hint}"


def document_of(rule: Rule) -> dict[str, Any]:
    """All that is governed about a rule, every parameter with its default as value."""
    return _with_values(versions.document(rule))


def document_of_version(rule_id: str, version: str) -> dict[str, Any]:
    """The document of a locked version; WrongUsageError names those there are."""
    kept = versions.read_versions()
    if (rule_id, version) not in kept:
        known = ", ".join(f"{name}@{number}" for name, number in kept if name == rule_id) or "none of that rule"
        raise WrongUsageError(f"no version {rule_id}@{version} is kept; there are {known}")
    return _with_values(kept[rule_id, version])


def _with_values(content: dict[str, Any]) -> dict[str, Any]:
    parameters = [{**each, "value": each["default"]} for each in content["parameters"]]
    told = {name: value for name, value in content.items() if name != "needs"}
    return {**told, "data_needed": content["needs"], "parameters": parameters, "not_applicable": {}}


def document_in_force(answer: detection_pb2.Rule) -> dict[str, Any]:
    """The document of a rule as a service has it: its parameters' values and where it can not apply."""
    told: dict[str, Any] = plain(answer)
    rule = RULE_BY_ID.get(answer.rule_id)
    if rule is None or rule.metadata.version != answer.version:
        return told
    values = {each["name"]: each["value"] for each in told["parameters"]}
    document = document_of(rule)
    for parameter in document["parameters"]:
        parameter["value"] = values.get(parameter["name"], parameter["value"])
    return {**document, "not_applicable": told["not_applicable"]}
