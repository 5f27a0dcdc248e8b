"""Rules in files outside the catalogue."""

import importlib.util
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from detection_service.rules.catalogue import RULES
from detection_service.rules.rule import Metadata, Rule
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.rules.document import document_of, document_of_version, rule_named


def rules_in(path: Path) -> list[Rule]:
    """The rules of a Python file: one of each class with `metadata` and `evaluate`. Raises CommandError."""
    resolved = path.resolve()
    known = [rule for rule in RULES if Path(inspect.getfile(type(rule))).resolve() == resolved]
    if known:
        return known
    name = f"tapewatch_rule_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise WrongUsageError(f"{path}: expected a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where inspect looks for a class's file
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError, ValueError) as error:
        raise CommandError(f"{path}: expected a rule that can be imported: {error}") from error
    classes: list[Any] = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == name]
    return [
        each()
        for each in classes
        if isinstance(getattr(each, "metadata", None), Metadata) and callable(getattr(each, "evaluate", None))
    ]


def document_named(name: str) -> dict[str, Any]:
    """The document of a rule: by id, id and version (`spoofing@1.0.0`), Python file, or JSON file of
    `tapewatch rules show ID --json`."""
    path = Path(name)
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
