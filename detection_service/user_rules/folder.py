"""A directory of rules: `<rule_id>.yaml` or `<rule_id>.py`, each with `<rule_id>.scenarios.yaml` beside it.

A file that is no sound rule is a fault with a reason; the others are loaded all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final, NamedTuple

from detection_service.engine import triggers
from detection_service.engine.isolation import file_of
from detection_service.rules import governance
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.governance import RULE_ID
from detection_service.rules.lock import VERSION
from detection_service.rules.rule import Rule, UnknownMetricError, conditions_of
from detection_service.rules.scenarios.scenario import SUFFIX
from detection_service.user_rules.python_rule import PythonRuleError, rules_of_module
from detection_service.user_rules.written import WrittenError, read
from detection_service.user_rules.yaml_rule import YamlRule
from tapewatch.runtime.isolation import Fault, isolated

FORMS: Final = (".yaml", ".py")
RULES_MAX: Final = 500
TEXT_BYTES_MAX: Final = 1 << 20
ON_WINDOWS: Final = (triggers.FLOW, triggers.MARKET, triggers.OWNER)
NOT_FOR_RULES: Final = ("SOURCE", "DEADLINE")
TRIGGER_BY_NAME: Final = {
    name: bit
    for name, bit in vars(triggers).items()
    if name.isupper() and not name.startswith("HAS_") and name not in NOT_FOR_RULES
}
TRIGGERS_KNOWN: Final = reduce(or_, TRIGGER_BY_NAME.values())


class RuleFaultError(ValueError):
    """A file holds no sound rule; says what was expected and what was found."""


class RuleText(NamedTuple):
    """A rule as its file has it; `form` is `.yaml` or `.py`."""

    rule_id: str
    form: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """Name of its file."""
        return self.rule_id + self.form


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rules of a directory and, by id, why a file is none; `scenarios` are the files of those that bring some."""

    rules: tuple[Rule, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)
    scenarios: dict[str, Path] = field(default_factory=dict)


def texts_in(directory: Path) -> tuple[list[RuleText], dict[str, str]]:
    """The rules' texts by id, and what can not be read. Raises OSError where the directory can not."""
    texts: dict[str, RuleText] = {}
    faults: dict[str, str] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix not in FORMS or path.name.startswith((".", "_")) or path.name.endswith(SUFFIX):
            continue
        rule_id = path.stem
        try:
            texts[rule_id] = _text_of(path, rule_id, texts)
        except (RuleFaultError, OSError, UnicodeDecodeError) as error:
            faults[rule_id] = str(error)
            texts.pop(rule_id, None)
    return list(texts.values()), faults


def _text_of(path: Path, rule_id: str, taken: Iterable[str]) -> RuleText:
    if not RULE_ID.fullmatch(rule_id):
        raise RuleFaultError(f"{path.name}: expected a file named after its rule: small letters, digits and _")
    if rule_id in taken:
        raise RuleFaultError(f"{path.name}: expected one file a rule, found {rule_id}.py and {rule_id}.yaml")
    if len(list(taken)) >= RULES_MAX:
        raise RuleFaultError(f"{path.name}: expected at most {RULES_MAX} rules in a directory")
    if path.stat().st_size > TEXT_BYTES_MAX:
        raise RuleFaultError(f"{path.name}: expected at most {TEXT_BYTES_MAX} bytes, found {path.stat().st_size}")
    return RuleText(rule_id, path.suffix, path.read_text(encoding="utf-8"))


def scenarios_beside(directory: Path, rule_id: str) -> RuleText | None:
    """The text of a rule's scenarios, None where it has none that can be read; it is looked into when it is played."""
    path = directory / (rule_id + SUFFIX)
    try:
        if path.stat().st_size > TEXT_BYTES_MAX:
            return None
        return RuleText(rule_id, SUFFIX, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def load_directory(directory: Path) -> Loaded:
    """The rules of a directory. Raises OSError where it can not be read."""
    texts, faults = texts_in(directory)
    return _loaded(((text, directory / text.file_name) for text in texts), faults)


def _loaded(texts: Iterable[tuple[RuleText, Path]], faults: dict[str, str]) -> Loaded:
    rules = []
    for text, path in texts:
        try:
            rules.append(rule_of(text, path))
        except RuleFaultError as error:
            faults[text.rule_id] = str(error)
    return Loaded(tuple(rules), faults)


def rule_of(text: RuleText, path: Path) -> Rule:
    """The rule of a text, of which `path` is the file. Raises RuleFaultError."""
    if text.rule_id in RULE_BY_ID:
        raise RuleFaultError(f"{text.file_name}: {text.rule_id} is a rule of the catalogue; choose another id")
    if text.form == ".yaml":
        try:
            rule: Rule = YamlRule(text.rule_id, read(text.text, text.file_name), text.text)
        except WrittenError as error:
            raise RuleFaultError(str(error)) from error
    else:
        rule = _python_rule(text, path)
    wrong = isolated(lambda: list(complaints(rule, text.rule_id)), file_of(rule))
    if isinstance(wrong, Fault):
        raise RuleFaultError(f"{text.file_name}: {wrong.reason}")
    if wrong.value:
        raise RuleFaultError(f"{text.file_name}: {'; '.join(wrong.value)}")
    return rule


def _python_rule(text: RuleText, path: Path) -> Rule:
    try:
        rules = rules_of_module(path, f"tapewatch_user_rule_{text.rule_id}_{text.digest[:16]}")
    except PythonRuleError as error:
        raise RuleFaultError(str(error)) from error
    if len(rules) != 1:
        raise RuleFaultError(f"{text.file_name}: expected one class with metadata and evaluate, found {len(rules)}")
    return rules[0]


def complaints(rule: Rule, rule_id: str) -> Iterator[str]:
    """What of a rule the engine can not work with."""
    metadata = rule.metadata
    if metadata.rule_id != rule_id:
        yield f"expected the rule_id of the file's name, {rule_id}, found {metadata.rule_id!r}"
    if not VERSION.fullmatch(str(metadata.version)):
        yield f"expected a version of three numbers like 1.0.0, found {metadata.version!r}"
    yield from governance.complaints(metadata)
    asked: object = rule.triggers
    if not isinstance(asked, int) or asked <= 0 or asked & ~TRIGGERS_KNOWN:
        yield f"triggers: expected one or more of {', '.join(sorted(TRIGGER_BY_NAME))}, found {asked!r}"
        return
    for trigger in ON_WINDOWS:
        if rule.triggers & trigger:
            try:
                conditions_of(rule, trigger, metadata.defaults())
            except UnknownMetricError as error:
                yield str(error)
                return
