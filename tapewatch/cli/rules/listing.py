"""`tapewatch rules list` and `show`: what every rule says about itself, with and without running services."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.rules.catalogue import RULES
from detection_service.user_rules.folder import Loaded, load_directory
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.detect import RulesDirectoryOption
from tapewatch.cli.output import harmless, print_json, print_lines, print_table
from tapewatch.cli.rules.document import document_in_force, document_of, rule_named
from tapewatch.client.detection import DetectionClient
from tapewatch.client.errors import UNREACHABLE, ClientError


def list_rules(
    rules_directory: RulesDirectoryOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every rule with what it needs, and which is faulty; with --target or --config as detection has them."""
    if target is None and config is None:
        documents, faulty = _of_files(rules_directory)
    else:
        documents, faulty = _of_service(config, target)
    if as_json:
        named = {each["rule_id"] for each in documents}
        absent = [{"rule_id": rule_id, "faulty": why} for rule_id, why in faulty.items() if rule_id not in named]
        print_json([*({**each, "faulty": faulty.get(each["rule_id"])} for each in documents), *absent])
        return
    rows = (
        (each["rule_id"], each["version"], each.get("stage", ""), each["typology"], ", ".join(each["data_needed"]))
        for each in documents
    )
    print_table(("rule", "version", "stage>", "typology", "needs"), rows)
    print_lines(*((f"{rule_id} faulty", harmless(why)) for rule_id, why in sorted(faulty.items())))


Listed = tuple[list[dict[str, Any]], dict[str, str]]


def _of_files(rules_directory: Path | None) -> Listed:
    """The catalogue, and the rules of a directory, without any service."""
    loaded = Loaded() if rules_directory is None else load_directory(rules_directory)
    rules = sorted([*RULES, *loaded.rules], key=lambda rule: rule.metadata.rule_id)
    return [document_of(rule) for rule in rules], loaded.faults


def _of_service(config: Path | None, target: str | None) -> Listed:
    rules = ask(DetectionClient, "detection", config, target, lambda client: client.list_rules())
    status = ask(DetectionClient, "detection", config, target, lambda client: client.status())
    return [document_in_force(each) for each in rules], dict(status.faulty)


def show_rule(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the rule.")],
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one rule: what it looks for, its parameters in force, known gaps, what to do first.

    Where detection does not run (and no --target names one), parameters have their defaults.
    """
    document, values = _found(rule_id, config, target)
    if as_json:
        print_json(document)
        return
    print_lines(*_lines(document))
    rows = (
        (
            each["name"],
            f"{each['value']:g}",
            each["unit"],
            f"{each['minimum']:g} to {each['maximum']:g}",
            each["reason"],
        )
        for each in document["parameters"]
    )
    print_table(("parameter", f"{values}>", "unit", "range", "reason"), rows)


def _found(rule_id: str, config: Path | None, target: str | None) -> tuple[dict[str, Any], str]:
    """The rule's document and whether its values are those in force or the defaults."""
    try:
        answer = ask(DetectionClient, "detection", config, target, lambda client: client.get_rule(rule_id))
    except ClientError as error:
        if error.reason not in (UNREACHABLE, "RULE_NOT_FOUND") or target is not None:
            raise
        return document_of(rule_named(rule_id)), "default"
    return document_in_force(answer), "in force"


def _lines(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "rule", "{rule_id} {version} ({typology}): {title}".format_map(document)
    yield "looks for", document["description"]
    yield "needs", ", ".join(document["data_needed"])
    yield from (("not applicable", f"{source}: {why}") for source, why in sorted(document["not_applicable"].items()))
    yield from (("false positive", text) for text in document["known_false_positives"])
    yield from (("gap", text) for text in document["known_gaps"])
    yield from (("triage", text) for text in document["triage_steps"])
    yield from (("regulation", text) for text in document["regulations"])
    if "stage" in document:
        yield "stage", ("", "1: one instrument", "2: an owner over all instruments")[document["stage"]]
        yield "episode", "closes after {episode_gap_s:g} s of quiet, or {episode_max_s:g} s in all".format_map(document)
        yield "content", document["content_digest"]
