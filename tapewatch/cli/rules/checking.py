"""`tapewatch rules check` and `lock`: metadata, lock and scenarios of every rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from detection_service.rules import governance, lock, versions
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.runner import check_rule
from detection_service.rules.scenarios.scenario import KINDS, SUFFIX, ScenarioError
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import counted, print_json, print_lines, print_table
from tapewatch.cli.rules.files import rules_in

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Rule or scenario files, or folders of them; the catalogue without."),
]


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule, how many scenarios of each kind it has, and what is wrong with it."""

    rule_id: str
    version: str
    kinds: Counter[str]
    wrong: list[str]


def check_rules(paths: PathsArgument = None, as_json: JsonOption = False) -> None:
    """Check metadata, lock and scenarios: of the whole catalogue, or of files and folders of rules.

    Exit code 1 where anything is wrong. Rules outside the catalogue need no lock.
    """
    checked = [_checked(rule) for rule in _chosen(paths)]
    wrong = [each for rule in checked for each in rule.wrong]
    if as_json:
        print_json(
            [
                {"rule_id": each.rule_id, "version": each.version, "scenarios": dict(each.kinds), "wrong": each.wrong}
                for each in checked
            ]
        )
    else:
        _print(checked)
    if wrong:
        raise CommandError("\n".join([*wrong, f"{counted(len(wrong), 'complaint')} about the rules"]))


def _chosen(paths: Sequence[Path] | None) -> list[Rule]:
    if not paths:
        return sorted(RULES, key=lambda rule: rule.metadata.rule_id)
    chosen: dict[str, Rule] = {}
    for path in paths:
        if not path.exists():
            raise WrongUsageError(f"{path}: expected a rule, its scenarios or a folder of them, found nothing")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            chosen |= {rule.metadata.rule_id: rule for rule in _rules_of(file)}
    if not chosen:
        raise WrongUsageError(f"{', '.join(map(str, paths))}: expected at least one rule, found none")
    return list(chosen.values())


def _rules_of(file: Path) -> Iterator[Rule]:
    rule_id = file.name.removesuffix(SUFFIX)
    if file.name.endswith(SUFFIX) and rule_id in RULE_BY_ID:
        yield RULE_BY_ID[rule_id]
    elif file.suffix == ".py":
        yield from rules_in(file)


def _checked(rule: Rule) -> Checked:
    wrong = governance.complaints(rule.metadata)
    kinds: Counter[str] = Counter()
    try:
        if RULE_BY_ID.get(rule.metadata.rule_id) is rule:
            wrong += lock.complaints([rule], lock.read_lock()) or versions.complaints([rule], versions.read_versions())
        kinds, complaints = check_rule(rule)
        wrong += complaints
    except (ScenarioError, lock.LockError) as error:
        wrong.append(str(error))
    return Checked(rule.metadata.rule_id, rule.metadata.version, kinds, wrong)


def _print(checked: Sequence[Checked]) -> None:
    rows = [
        (each.rule_id, each.version, *(each.kinds[kind] for kind in KINDS), len(each.wrong) or "") for each in checked
    ]
    total = Counter[str]()
    for each in checked:
        total += each.kinds
    rows.append((counted(len(checked), "rule"), "", *(total[kind] for kind in KINDS), ""))
    print_table(("rule", "version", *(f"{kind.replace('_', ' ')}>" for kind in KINDS), "wrong>"), rows)


def lock_rules(
    restate: Annotated[
        list[str] | None,
        typer.Option("--restate", metavar="ID", help="A rule whose version was never released; `all` for every rule."),
    ] = None,
) -> None:
    """Add the versions of all rules to the lock; versions in it keep their content unless restated."""
    named = list(RULE_BY_ID) if restate == ["all"] else restate or []
    try:
        before = lock.read_lock()
        after = lock.stepped(RULES, before, named)
        kept = versions.versions_text(RULES, versions.read_versions(), after)
    except lock.LockError as error:
        raise CommandError(str(error)) from error
    lock.LOCK_FILE.write_text(lock.lock_text(after), encoding="utf-8")
    versions.VERSIONS_FILE.write_text(kept, encoding="utf-8")
    steps = [
        (rule_id, f"{version} {'restated' if version in before.get(rule_id, {}) else 'added'}")
        for rule_id, versions in sorted(after.items())
        for version, digest in versions.items()
        if before.get(rule_id, {}).get(version) != digest
    ]
    print_lines(*(steps or [("lock", "nothing to add")]))
