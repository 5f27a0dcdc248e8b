"""What the running detection has in force, as a configuration that files can be run with here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from detection_service.engine.configuration import ConfigurationError, EngineConfiguration, checked_scopes
from detection_service.rules.rule import Rule
from detection_service.user_rules import kept
from detection_service.user_rules.folder import RuleFaultError, rule_of, texts_in
from surveillance.v1 import detection_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.failure import CommandError
from tapewatch.client.detection import DetectionClient


@dataclass(frozen=True, slots=True)
class InForce:
    """A configuration without reference data, and what the service has that could not be had here, by name."""

    configuration: EngineConfiguration
    left_out: Mapping[str, str]


def in_force(config: Path | None, target: str | None, directory: Path | None, folder: Path) -> InForce:
    """Asks the service; texts of rules from outside are looked for in a rules directory and a folder of kept texts.

    No text of a rule is ever taken from the service: who answers there must not thereby run code here. A rule whose
    very text is not found is left out. ClientError passes through; CommandError where the service runs other rules.
    """
    answer = ask(DetectionClient, "detection", config, target, lambda client: client.configuration())
    rules, left_out = _texts(answer, directory, folder)
    if answer.reference_digest:
        left_out["reference data"] = "the service's are not sent; name its files by --accounts and --instruments"
    content = json.loads(answer.content_json)
    try:
        made = EngineConfiguration({}).with_brought(rules, {})
        made = made.with_rules(content["rules"], checked_scopes(content["scopes"]), content["waiting"])
    except ConfigurationError as error:
        raise CommandError(
            f"the service has in force what this version of tapewatch does not know: {error}; run the same version"
        ) from error
    return InForce(made, left_out)


def with_reference_of(configuration: EngineConfiguration, other: EngineConfiguration) -> EngineConfiguration:
    """A configuration with another's reference data, so that the rules alone differ."""
    return replace(configuration, reference=other.reference)


def _texts(
    answer: detection_pb2.Configuration, directory: Path | None, folder: Path
) -> tuple[list[Rule], dict[str, str]]:
    here = {} if directory is None else {text.digest: text for text in texts_in(directory)[0]}
    rules, left_out = [], {}
    for each in answer.user_rules:
        text = here.get(each.sha256)
        try:
            if text is not None and directory is not None:
                rules.append(rule_of(text, directory / text.file_name))
                continue
        except RuleFaultError as error:
            left_out[each.rule_id] = str(error)
            continue
        loaded = kept.load(folder, {each.rule_id: {"form": each.form, "sha256": each.sha256}})
        rules += loaded.rules
        left_out |= loaded.faults
    return rules, left_out
