"""`tapewatch rules check` and `lock`: metadata, lock and scenarios of every rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from detection_service.rules import conformance, governance, lock, versions
from detection_service.rules.catalogue import RULE_BY_ID, RULES
from detection_service.rules.rule import Rule, UnknownMetricError
from detection_service.rules.scenarios.runner import check_rule
from detection_service.rules.scenarios.scenario import KINDS, SUFFIX, ScenarioError, load
from detection_service.user_rules.folder import complaints as complaints_of_rule
from detection_service.user_rules.folder import load_directory
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.output import counted, print_json, print_lines, print_table
from tapewatch.cli.rules.files import rule_in_yaml, rules_in

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

    Exit code 1 where anything is wrong. A rule outside the catalogue is held to the conformance checks as well, and to
    the `rules.lock` beside it where there is one.
    """
    checked = [_checked(rule, file) for rule, file in _chosen(paths)]
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


def _chosen(paths: Sequence[Path] | None) -> list[tuple[Rule, Path | None]]:
    """Rules, those from outside the catalogue with their files."""
    if not paths:
        return [(rule, None) for rule in sorted(RULES, key=lambda rule: rule.metadata.rule_id)]
    chosen: dict[str, tuple[Rule, Path | None]] = {}
    for path in paths:
        if not path.exists():
            raise WrongUsageError(f"{path}: expected a rule, its scenarios or a folder of them, found nothing")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            chosen |= {rule.metadata.rule_id: (rule, _outside(rule, file)) for rule in _rules_of(file)}
    if not chosen:
        raise WrongUsageError(f"{', '.join(map(str, paths))}: expected at least one rule, found none")
    return list(chosen.values())


def _rules_of(file: Path) -> Iterator[Rule]:
    rule_id = file.name.removesuffix(SUFFIX)
    if file.name.endswith(SUFFIX) and rule_id in RULE_BY_ID:
        yield RULE_BY_ID[rule_id]
    elif file.suffix == ".py" and not file.name.startswith(("_", ".")):
        yield from rules_in(file)
    elif file.suffix == ".yaml" and not file.name.endswith(SUFFIX):
        yield rule_in_yaml(file)


def _outside(rule: Rule, file: Path) -> Path | None:
    return None if RULE_BY_ID.get(rule.metadata.rule_id) is rule else file


def _checked(rule: Rule, file: Path | None) -> Checked:
    """Checks a rule of the catalogue, or one from outside with its file."""
    wrong = governance.complaints(rule.metadata)
    kinds: Counter[str] = Counter()
    try:
        if file is None:
            wrong += lock.complaints([rule], lock.read_lock()) or versions.complaints([rule], versions.read_versions())
            kinds, complaints = check_rule(rule)
        else:
            wrong += [] if wrong else _complaints_outside(rule, file)
            kinds, complaints = check_rule(rule, _scenarios_of(rule, file))
            complaints = complaints or conformance.complaints(rule, load(_scenarios_of(rule, file)))
        wrong += complaints
    except (ScenarioError, UnknownMetricError, lock.LockError) as error:
        wrong.append(str(error))
    return Checked(rule.metadata.rule_id, rule.metadata.version, kinds, wrong)


def _scenarios_of(rule: Rule, file: Path) -> Path:
    return file.with_name(rule.metadata.rule_id + SUFFIX)


def _complaints_outside(rule: Rule, file: Path) -> list[str]:
    locked = file.with_name(lock.LOCK_FILE.name)
    wrong = list(complaints_of_rule(rule, file.stem))
    return wrong or (lock.complaints([rule], lock.read_lock(locked)) if locked.exists() else [])


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
    directory: Annotated[
        Path | None,
        typer.Option("--directory", metavar="DIR", exists=True, file_okay=False, help="Lock the rules of a directory."),
    ] = None,
) -> None:
    """Add the versions of all rules to the lock; versions in it keep their content unless restated."""
    rules, file, history = _rules_to_lock(directory)
    named = [rule.metadata.rule_id for rule in rules] if restate == ["all"] else restate or []
    try:
        before = lock.read_lock(file)
        after = lock.stepped(rules, before, named)
        kept = versions.versions_text(rules, versions.read_versions(history), after)
    except lock.LockError as error:
        raise CommandError(str(error)) from error
    file.write_text(lock.lock_text(after), encoding="utf-8")
    history.write_text(kept, encoding="utf-8")
    steps = [
        (rule_id, f"{version} {'restated' if version in before.get(rule_id, {}) else 'added'}")
        for rule_id, versions in sorted(after.items())
        for version, digest in versions.items()
        if before.get(rule_id, {}).get(version) != digest
    ]
    print_lines(*(steps or [("lock", "nothing to add")]))


def _rules_to_lock(directory: Path | None) -> tuple[Sequence[Rule], Path, Path]:
    """Rules, their lock and the file of versions. Raises CommandError where a rule of a directory is faulty."""
    if directory is None:
        return RULES, lock.LOCK_FILE, versions.VERSIONS_FILE
    loaded = load_directory(directory)
    if loaded.faults:
        raise CommandError("\n".join(f"{directory}: {why}" for why in loaded.faults.values()))
    return loaded.rules, directory / lock.LOCK_FILE.name, directory / versions.VERSIONS_FILE.name
