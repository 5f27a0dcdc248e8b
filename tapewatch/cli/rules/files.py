"""Rules in files outside the catalogue."""

import inspect
import json
from pathlib import Path
from typing import Any

from detection_service.rules.catalogue import RULES
from detection_service.rules.rule import Rule
from detection_service.user_rules.folder import RuleFaultError, RuleText, rule_of
from detection_service.user_rules.python_rule import PythonRuleError, rules_of_module
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.rules.document import document_of, document_of_version, rule_named


def rules_in(path: Path) -> list[Rule]:
    """The rules of a Python file: one of each class with `metadata` and `evaluate`. Raises CommandError."""
    resolved = path.resolve()
    known = [rule for rule in RULES if Path(inspect.getfile(type(rule))).resolve() == resolved]
    if known:
        return known
    try:
        return rules_of_module(path, f"tapewatch_rule_{path.stem}")
    except PythonRuleError as error:
        raise CommandError(str(error)) from error


def rule_in_yaml(path: Path) -> Rule:
    """The rule of a YAML file. Raises CommandError."""
    try:
        return rule_of(RuleText(path.stem, path.suffix, path.read_text(encoding="utf-8")), path)
    except (RuleFaultError, OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path.parent}: {error}") from error


def document_named(name: str) -> dict[str, Any]:
    """The document of a rule: by id, id and version (`spoofing@1.0.0`), Python or YAML file, or JSON file
    of `tapewatch rules show ID --json`."""
    path = Path(name)
    if path.suffix == ".yaml":
        return document_of(rule_in_yaml(path))
    if path.suffix == ".py":
        rules = rules_in(path)
        if len(rules) != 1:
            raise WrongUsageError(f"{path}: expected one rule, found {len(rules)}")
        return document_of(rules[0])
    if path.suffix != ".json":
        rule_id, _, version = name.partition("@")
        return document_of_version(rule_id, version) if version else document_of(rule_named(name))
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongUsageError(f"{path}: expected what `tapewatch rules show ID --json` prints: {error}") from error
    if not isinstance(document, dict) or "rule_id" not in document:
        raise WrongUsageError(f"{path}: expected what `tapewatch rules show ID --json` prints, found no rule_id")
    return document
