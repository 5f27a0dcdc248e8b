"""The command `tapewatch tune`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.triggers import SOURCE
from detection_service.rules.rule import Metadata, Parameter
from ingest_service.formats import FormatOptions
from simulator.scorecard.truth import Scenario
from simulator.tuning.choice import Scale, Wish, choose, cost, front, knee, nearest_alike
from simulator.tuning.grid import counts, values_to_try
from tapewatch.cli.configured import JsonOption, address_of, security_of
from tapewatch.cli.detect import RulesDirectoryOption, configuration_of
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.files import DateOption, FormatOption, InstrumentOption, VenueOption
from tapewatch.cli.model_training import read_model
from tapewatch.cli.output import print_json, progress_bar
from tapewatch.cli.reference_files import (
    AccountsOption,
    AnnouncementsOption,
    FxRatesOption,
    InstrumentsOption,
    PositionsOption,
    RestrictedOption,
    read_reference,
)
from tapewatch.cli.rules.document import nearest_rule
from tapewatch.cli.tune.feedback import SERVICE, read_feedback
from tapewatch.cli.tune.journal import of_journal
from tapewatch.cli.tune.material import Material, of_directory, of_files, read_scenarios
from tapewatch.cli.tune.options import (
    AlertsOption,
    CheckOption,
    DataArgument,
    FeedbackOption,
    GridOption,
    HoursOption,
    JournalOption,
    LabelsOption,
    ModelOption,
    OutOption,
    ParametersOption,
    PlotOption,
    PointsOption,
    RecallOption,
    RuleArgument,
    SettingsOption,
)
from tapewatch.cli.tune.parameters_file import write_parameters
from tapewatch.cli.tune.plot import check_plot, write_plot
from tapewatch.cli.tune.report import Checked, Report
from tapewatch.cli.tune.sweep import Sweep, Tried
from tapewatch.cli.tune.view import show
from tapewatch.engine_mode import warn_once_if_interpreted
from tapewatch.market.reference import Reference

POINTS: Final = 9
SETTINGS_MAX: Final = 1_000
HOURS_A_DAY: Final = 8.5
"""What continuous trading in shares takes on most European venues."""


def tune(
    rule_id: RuleArgument,
    events: DataArgument = None,
    journal: JournalOption = False,
    labels: LabelsOption = None,
    feedback: FeedbackOption = None,
    parameters: ParametersOption = None,
    points: PointsOption = POINTS,
    grid: GridOption = False,
    recall_min: RecallOption = None,
    alerts_a_day_max: AlertsOption = None,
    hours_a_day: HoursOption = HOURS_A_DAY,
    check: CheckOption = None,
    out: OutOption = None,
    plot: PlotOption = None,
    model: ModelOption = None,
    config: SettingsOption = None,
    rules_directory: RulesDirectoryOption = None,
    file_format: FormatOption = "auto",
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    announcements: AnnouncementsOption = None,
    positions: PositionsOption = None,
    fx_rates: FxRatesOption = None,
    restricted: RestrictedOption = None,
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    date: DateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a rule's parameters over labelled or past data: alerts against recall, the knee, a value and what it costs.

    Nothing is changed: --out writes settings that `rules preview --config` and `rules set --from` take. The knee is
    proposed, unless --recall-min or --alerts-a-day-max wish otherwise. Each parameter is tried with the others as they
    are. What a setting costs are the alerts beyond the first of each scenario: false ones, repetitions, other kinds.
    """
    warn_once_if_interpreted()
    begun_s = time.monotonic()
    if recall_min is not None and alerts_a_day_max is not None:
        raise WrongUsageError("expected --recall-min or --alerts-a-day-max, found both")
    check_plot(plot)
    configuration = configuration_of(None, Reference.of(), config, rules_directory)
    metadata = _metadata(rule_id, configuration)
    swept = _swept(metadata, configuration.parameters()[rule_id], parameters or [], points, grid)
    reference = read_reference(
        accounts=accounts, instruments=instruments, announcements=announcements, positions=positions,
        fx_rates=fx_rates, restricted=restricted,
    )  # fmt: skip
    options = FormatOptions(venue=venue, instrument=instrument, date=date)
    told = _Told(labels, feedback, rule_id, config)
    if journal:
        materials = [_journalled(events or [], told)]
    else:
        materials = _materials(events or [], told, reference, file_format, options)
    scorer = None if model is None else read_model(model, configuration.trust)
    sweep = Sweep(rule_id, configuration, materials, scorer)
    report = _report(sweep, metadata, swept, grid, hours_a_day, Wish(recall_min, alerts_a_day_max))
    if check and report.chosen is not None:
        report.check = _checked(sweep, check, report.chosen, hours_a_day)
    report.seconds = time.monotonic() - begun_s
    if out is not None and report.proposes:
        write_parameters(out, report, configuration)
    if plot is not None:
        write_plot(plot, report)
    if as_json:
        print_json(
            {**report.to_json(), "out": str(out) if out and report.proposes else None, "plot": plot and str(plot)}
        )
    else:
        show(report, events or [], out, plot)


def _metadata(rule_id: str, configuration: EngineConfiguration) -> Metadata:
    known = configuration.known
    if rule_id not in known:
        raise WrongUsageError(nearest_rule(rule_id, known))
    if rule_id not in configuration.rules:
        raise WrongUsageError(f"expected a rule in force, found {rule_id}, which the settings leave out")
    if known[rule_id].triggers & SOURCE:
        raise WrongUsageError(f"{rule_id} watches sources, not trading: labels say nothing about it")
    return known[rule_id].metadata


def _swept(
    metadata: Metadata, current: dict[str, float], wanted: Sequence[str], points: int, grid: bool
) -> dict[str, list[float]]:
    """Parameter to the values to try, ascending. WrongUsageError for one that is none, or too many settings."""
    known = {each.name: each for each in metadata.parameters}
    named = [_named(text, known, metadata.rule_id) for text in wanted] or [(name, []) for name in known]
    if not named:
        raise WrongUsageError(f"{metadata.rule_id} has no parameters to tune")
    if grid and len(named) < 2:
        raise WrongUsageError("--grid: expected two or more --parameter, whose combinations are tried")
    swept = {name: values or _values(known[name], current[name], points) for name, values in named}
    count = prod(map(len, swept.values())) if grid else sum(map(len, swept.values()))
    if count > SETTINGS_MAX:
        told = f"expected at most {SETTINGS_MAX} settings, found {count}"
        raise WrongUsageError(f"{told}: name fewer --parameter or --points")
    return swept


def _named(text: str, known: dict[str, Parameter], rule_id: str) -> tuple[str, list[float]]:
    name, _, values = text.partition("=")
    if name not in known:
        raise WrongUsageError(f"--parameter: {rule_id} has {', '.join(known)}, found {name!r}")
    try:
        numbers = sorted({float(value) for value in values.split(",") if value})
    except ValueError as error:
        raise WrongUsageError(f"--parameter: expected {name}=NUMBER,NUMBER,..., found {values!r}") from error
    parameter = known[name]
    for number in numbers:
        if not parameter.minimum <= number <= parameter.maximum:
            expected = f"{parameter.minimum:g} to {parameter.maximum:g} {parameter.unit}"
            raise WrongUsageError(f"--parameter: expected {name} from {expected}, found {number:g}")
    return name, numbers


def _values(parameter: Parameter, current: float, points: int) -> list[float]:
    is_count = counts(parameter.unit, parameter.default, parameter.minimum)
    return values_to_try(current, parameter.minimum, parameter.maximum, points, is_count=is_count)


@dataclass(frozen=True, slots=True)
class _Told:
    """Who says what is true of events that do not bring their own labels."""

    labels: Path | None
    feedback: str | None
    rule_id: str
    config: Path | None

    def scenarios(self, events: str) -> list[Scenario]:
        """What they say. WrongUsageError unless exactly one of them does."""
        if (self.labels is None) == (self.feedback is None):
            found = "neither" if self.labels is None else "both"
            raise WrongUsageError(f"{events}: expected --labels FILE or --feedback {SERVICE}|FILE, found {found}")
        if self.labels is not None:
            return read_scenarios(self.labels)
        return read_feedback(self.feedback or "", self.rule_id, self.config)


def _journalled(paths: list[Path], told: _Told) -> Material:
    if paths:
        raise WrongUsageError(f"expected DATA or --journal, found both: {paths[0]}")
    scenarios = told.scenarios("--journal")
    address, security = address_of("ingest", told.config), security_of(told.config)
    return of_journal(address, security, scenarios, is_partial=told.labels is None)


def _materials(
    paths: list[Path], told: _Told, reference: Reference, file_format: str, options: FormatOptions
) -> list[Material]:
    directories = [path for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    if not paths:
        raise WrongUsageError("expected DATA..., directories or event files, or --journal, found neither")
    if directories and (files or told.labels or told.feedback):
        expected = "directories with their own labels, or event files with --labels or --feedback"
        raise WrongUsageError(f"expected {expected}, found both")
    if directories:
        return [of_directory(path) for path in directories]
    scenarios = told.scenarios("event files")
    is_partial = told.labels is None
    return [of_files(files, reference, scenarios, file_format=file_format, options=options, is_partial=is_partial)]


def _report(
    sweep: Sweep, metadata: Metadata, swept: dict[str, list[float]], grid: bool, hours_a_day: float, wish: Wish
) -> Report:
    now = sweep.attempt({})
    scale = Scale(sweep.target_count, sum(each.hours for each in sweep.materials) / hours_a_day)
    total = prod(map(len, swept.values())) if grid else sum(map(len, swept.values()))
    with progress_bar("trying settings", total) as advance:
        by_parameter = {} if grid else sweep.by_parameter(swept, advance)
        combinations = sweep.over_grid(swept, advance) if grid else []
    ahead = front(sweep.outcomes)
    chosen: Tried | None = None
    if scale.targets:
        found = choose(sweep.outcomes, now.outcome, wish, scale)
        if found is not None:
            chosen = sweep.attempt(nearest_alike(found, sweep.outcomes, sweep.current).changes)
    return Report(
        metadata=metadata,
        sweep=sweep,
        scale=scale,
        wish=wish,
        now=now,
        by_parameter=by_parameter,
        combinations=combinations,
        front=ahead,
        knee=nearest_alike(knee(ahead), sweep.outcomes, sweep.current),
        chosen=chosen,
        cost=None if chosen is None else cost(now.outcome, chosen.outcome, *now.difference(chosen), scale),
    )


def _checked(tried: Sweep, directories: list[Path], chosen: Tried, hours_a_day: float) -> Checked:
    """The proposal against the current values on data that had no part in it."""
    materials = [of_directory(path) for path in directories]
    sweep = Sweep(tried.rule_id, tried.configuration, materials, tried.scorer)
    if not sweep.target_count:
        raise CommandError("--check: expected scenarios the rule has to find, found none")
    scale = Scale(sweep.target_count, sum(each.hours for each in sweep.materials) / hours_a_day)
    before, after = sweep.attempt({}), sweep.attempt(chosen.outcome.changes)
    return Checked(scale, before, after, cost(before.outcome, after.outcome, *before.difference(after), scale))
