"""`tapewatch rules preview`: which alerts another configuration gives over past data."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.app import DetectionSettings
from detection_service.engine.configuration import EngineConfiguration
from detection_service.user_rules.kept import PLACE
from ingest_service.formats import FormatOptions
from tapewatch.alert import Alert, to_json
from tapewatch.cli.configured import JsonOption, TargetOption
from tapewatch.cli.detect import ROWS_PER_FRAME, RulesDirectoryOption, configuration_of, make_engine, with_directory
from tapewatch.cli.detection_run import detect_files
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.files import (
    FilesArgument,
    FormatOption,
    InstrumentOption,
    VenueOption,
    explained,
    open_files,
    refuse_cut,
)
from tapewatch.cli.output import harmless, print_json, print_lines, print_table, progress_bar, time_text
from tapewatch.cli.reference_files import AccountsOption, InstrumentsOption, read_reference
from tapewatch.cli.rules.in_force import InForce, in_force, with_reference_of
from tapewatch.engine_mode import warn_once_if_interpreted
from tapewatch.runtime.settings import load_settings

DEFAULTS, SERVICE = "defaults", "service"
SHOWN_MAX = 50
COMPARED = ("severity", "score", "owners", "rule_version", "start_time_ns", "end_time_ns")


@dataclass(slots=True)
class Difference:
    """Alerts that appear, disappear, or change (before, after), and how many stay as they are by rule."""

    appear: list[Alert] = field(default_factory=list)
    disappear: list[Alert] = field(default_factory=list)
    change: list[tuple[Alert, Alert]] = field(default_factory=list)
    same: Counter[str] = field(default_factory=Counter)


def preview_rules(
    files: FilesArgument,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", exists=True, dir_okay=False, help="Settings with the new rules."),
    ] = None,
    against: Annotated[
        str, typer.Option("--against", metavar="defaults|service|FILE", help="What is compared with; see above.")
    ] = DEFAULTS,
    rules_directory: RulesDirectoryOption = None,
    rules: Annotated[str | None, typer.Option("--rules", metavar="ID,...", help="Only these rules.")] = None,
    file_format: FormatOption = "auto",
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    target: TargetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run files with the rules as they are and as they would be: what appears, disappears and changes.

    `--against service` compares with what the running detection has in force, changes by `rules set` included; FILE
    with the rules of other settings. Without it the comparison is with the catalogue's defaults, and no service is
    asked. Without --config the rules compared with are tried together with those of --rules-directory.
    """
    if config is None and rules_directory is None:
        raise WrongUsageError("expected --config FILE, --rules-directory DIR or both: what is to be tried")
    settings = _settings_against(against)
    if target is not None and against != SERVICE:
        raise WrongUsageError(f"--target: expected with --against {SERVICE} only, found --against {against}")
    warn_once_if_interpreted()
    reference = read_reference(accounts=accounts, instruments=instruments)
    left_out: dict[str, str] = {}
    after = configuration_of(rules, reference, settings if config is None else config, rules_directory)
    if against == SERVICE:
        told = _in_force(config, target, rules_directory)
        before, left_out = with_reference_of(told.configuration, after), dict(told.left_out)
        after = with_directory(before, rules_directory) if config is None else after
    else:
        before = configuration_of(None, reference, settings)
    opened = Opened(files, file_format, FormatOptions(venue=venue, instrument=instrument))
    old, _ = opened.run(before)
    new, faulty = opened.run(after)
    named = None if rules is None else {each.strip() for each in rules.split(",")}
    old, new = ([alert for alert in each if named is None or alert.rule_id in named] for each in (old, new))
    found = difference(old, new)
    if as_json:
        print_json({**_as_json(found), "faulty": faulty, "left_out": left_out})
    else:
        print_lines(*(("not compared", f"{name}: {harmless(why)}") for name, why in left_out.items()))
        _show(found, faulty)


def _settings_against(against: str) -> Path | None:
    if against in (DEFAULTS, SERVICE):
        return None
    if not Path(against).is_file():
        expected = f"{DEFAULTS}, {SERVICE} or a settings file"
        raise WrongUsageError(f"--against: expected {expected}, found no file {against!r}")
    return Path(against)


def _in_force(config: Path | None, target: str | None, rules_directory: Path | None) -> InForce:
    settings = load_settings("detection", DetectionSettings, config, os.environ)
    directory = rules_directory or settings.rules_directory
    return in_force(config, target, directory, settings.directory / PLACE)


@dataclass(frozen=True, slots=True)
class Opened:
    """Files to be run under one configuration after another."""

    files: list[Path]
    file_format: str
    options: FormatOptions

    def run(self, configuration: EngineConfiguration) -> tuple[Sequence[Alert], dict[str, str]]:
        """Alerts of the files under a configuration, and why rules were faulty."""
        engine = make_engine(configuration, None)
        with explained(), progress_bar("previewing", None) as advance:
            opened = open_files(self.files, self.file_format, self.options)
            result = detect_files(opened, engine, ROWS_PER_FRAME, advance)
            refuse_cut(opened)
        return result.alerts, result.faulty


def difference(before: Sequence[Alert], after: Sequence[Alert]) -> Difference:
    """What changes between two sets of final alerts.

    Alerts are the same ones by id, else by rule, market and owners where their times overlap: other parameters may let
    an episode begin earlier or later, and so under another id.
    """
    found = Difference()
    by_id = {alert.alert_id: alert for alert in after}
    pairs = [(alert, by_id.pop(alert.alert_id)) for alert in before if alert.alert_id in by_id]
    paired = {one.alert_id for one, _ in pairs}
    left = list(by_id.values())
    for alert in before:
        if alert.alert_id in paired:
            continue
        other = next((each for each in left if _is_same_behaviour(alert, each)), None)
        if other is None:
            found.disappear.append(alert)
        else:
            left.remove(other)
            pairs.append((alert, other))
    found.appear = left
    for one, other in sorted(pairs, key=lambda pair: (pair[0].start_time_ns, pair[0].alert_id)):
        if any(getattr(one, name) != getattr(other, name) for name in COMPARED):
            found.change.append((one, other))
        else:
            found.same[one.rule_id] += 1
    return found


def _is_same_behaviour(one: Alert, other: Alert) -> bool:
    subject = (one.rule_id, one.venue, one.instrument, one.owners)
    overlap = one.start_time_ns <= other.end_time_ns and other.start_time_ns <= one.end_time_ns
    return overlap and subject == (other.rule_id, other.venue, other.instrument, other.owners)


def _counts(found: Difference) -> dict[str, dict[str, int]]:
    """By rule: alerts before and after, and how many appear, disappear, change and stay."""
    appear, disappear = (Counter(alert.rule_id for alert in each) for each in (found.appear, found.disappear))
    change = Counter(one.rule_id for one, _ in found.change)
    return {
        rule_id: {
            "before": disappear[rule_id] + change[rule_id] + found.same[rule_id],
            "after": appear[rule_id] + change[rule_id] + found.same[rule_id],
            "appear": appear[rule_id],
            "disappear": disappear[rule_id],
            "change": change[rule_id],
            "same": found.same[rule_id],
        }
        for rule_id in sorted({*appear, *disappear, *change, *found.same})
    }


def _as_json(found: Difference) -> dict[str, Any]:
    return {
        "rules": _counts(found),
        "appear": [to_json(alert) for alert in found.appear],
        "disappear": [to_json(alert) for alert in found.disappear],
        "change": [{"before": to_json(one), "after": to_json(other)} for one, other in found.change],
    }


def _show(found: Difference, faulty: dict[str, str]) -> None:
    print_lines(*(("faulty rule", f"{rule_id}: {harmless(why)}") for rule_id, why in faulty.items()))
    counts = _counts(found)
    if counts:
        columns = ("before", "after", "appear", "disappear", "change", "same")
        rows = [(rule_id, *(each[name] for name in columns)) for rule_id, each in counts.items()]
        print_table(("rule", *(f"{name}>" for name in columns)), rows)
    else:
        print_lines(("alerts", "none, before and after"))
    _show_alerts("appears", found.appear)
    _show_alerts("disappears", found.disappear)
    for one, other in found.change[:SHOWN_MAX]:
        print_lines(("changes", f"{_title(other)}: {', '.join(_changes(one, other))}"))
    _more(len(found.change))


def _show_alerts(what: str, alerts: Sequence[Alert]) -> None:
    print_lines(*((what, f"{_title(alert)}: {harmless(alert.explanation)}") for alert in alerts[:SHOWN_MAX]))
    _more(len(alerts))


def _more(count: int) -> None:
    if count > SHOWN_MAX:
        print_lines(("", f"and {count - SHOWN_MAX} more; --json has them all"))


def _title(alert: Alert) -> str:
    owners = harmless(", ".join(alert.owners))
    market = harmless(f"{alert.venue} {alert.instrument}")
    when = time_text(alert.start_time_ns)
    return " ".join(filter(None, (when, alert.rule_id, alert.severity.name, f"{alert.score:.2f}", market, owners)))


def _changes(one: Alert, other: Alert) -> Iterator[str]:
    if one.severity != other.severity:
        yield f"severity {one.severity.name} to {other.severity.name}"
    if one.score != other.score:
        yield f"score {one.score:.2f} to {other.score:.2f}"
    if one.owners != other.owners:
        yield f"owners {_names(one.owners)} to {_names(other.owners)}"
    if one.rule_version != other.rule_version:
        yield f"version {one.rule_version} to {other.rule_version}"
    if one.start_time_ns != other.start_time_ns:
        yield f"begins {(other.start_time_ns - one.start_time_ns) / 1e9:+g} s"
    if one.end_time_ns != other.end_time_ns:
        yield f"ends {(other.end_time_ns - one.end_time_ns) / 1e9:+g} s"


def _names(owners: Iterable[str]) -> str:
    return harmless(", ".join(owners)) or "none"
