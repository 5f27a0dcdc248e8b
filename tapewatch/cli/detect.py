"""`tapewatch detect`: the engine over files, no services."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.app import DetectionSettings
from detection_service.coverage import Shown
from detection_service.coverage_pages import whole_coverage
from detection_service.engine.configuration import ConfigurationError, EngineConfiguration, selected
from detection_service.engine.engine import Engine
from detection_service.user_rules.folder import load_directory
from ingest_service.formats import AUTO, EventFile, FormatOptions, RowFault
from tapewatch.alert import Alert, to_json
from tapewatch.cli.configured import ConfigOption, JsonOption
from tapewatch.cli.coverage import write_coverage
from tapewatch.cli.detection_run import DetectionResult, detect_files
from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.files import (
    DateOption,
    FilesArgument,
    FormatOption,
    InstrumentOption,
    ProfileOption,
    VenueOption,
    explained,
    open_files,
    refuse_cut,
)
from tapewatch.cli.model_training import read_model
from tapewatch.cli.output import counted, harmless, print_json, print_lines, print_table, progress_bar
from tapewatch.cli.reference_files import (
    AccountsOption,
    AnnouncementsOption,
    FxRatesOption,
    InstrumentsOption,
    PositionsOption,
    RestrictedOption,
    read_reference,
)
from tapewatch.engine_mode import warn_once_if_interpreted
from tapewatch.market.reference import TABLES, Reference, ReferenceDataError
from tapewatch.runtime.settings import load_settings

app = typer.Typer(add_completion=False)
ROWS_PER_FRAME = 65_536
RulesDirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--rules-directory", metavar="DIR", exists=True, file_okay=False, help="Rules of your own, beside the others."
    ),
]
FAULTS_SHOWN_MAX = 5


@app.command()
def detect(
    files: FilesArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the alerts go, JSON lines.")],
    file_format: FormatOption = "auto",
    accounts: AccountsOption = None,
    instruments: InstrumentsOption = None,
    announcements: AnnouncementsOption = None,
    positions: PositionsOption = None,
    fx_rates: FxRatesOption = None,
    restricted: RestrictedOption = None,
    rules: Annotated[
        str | None, typer.Option("--rules", metavar="ID,...", help="Only these rules; all without.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FILE", exists=True, help="Anomaly model to rank alerts by.")
    ] = None,
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    date: DateOption = None,
    profile: ProfileOption = None,
    config: ConfigOption = None,
    rows_per_frame: Annotated[
        int, typer.Option("--batch", min=1, max=1 << 20, help="Events a batch; the alerts do not depend on it.")
    ] = ROWS_PER_FRAME,
    rules_directory: RulesDirectoryOption = None,
    coverage: Annotated[
        Path | None,
        typer.Option("--coverage", metavar="FILE", help="Where to write what was watched and what not: .csv or JSON."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the engine over files and write the alerts."""
    warn_once_if_interpreted()
    if not out.parent.is_dir():
        raise CommandError(f"--out: expected a file in an existing directory, found no directory {out.parent}")
    if out.is_dir():
        raise CommandError(f"--out: expected a file to write, found the directory {out}; name a file in it")
    reference = read_reference(
        accounts=accounts,
        instruments=instruments,
        announcements=announcements,
        positions=positions,
        fx_rates=fx_rates,
        restricted=restricted,
    )
    engine = make_engine(configuration_of(rules, reference, config, rules_directory), model)
    opened = open_files(files, file_format, FormatOptions(venue, instrument, date, profile=profile))
    shown = Shown()
    with explained(), progress_bar("detecting", None) as advance:
        result = detect_files(opened, engine, rows_per_frame, advance, shown)
    write_alerts(out, result.alerts)
    if coverage is not None:
        write_coverage(coverage, whole_coverage(shown, engine))
    if as_json:
        described = [_described(file) for file in opened]
        print_json({**result.to_json(), "files": described, "out": str(out)})
    else:
        _show(opened, result, out)
    refuse_cut(opened)
    refused = [str(file.report.path) for file in opened if file.report.received and not file.report.accepted]
    if refused and file_format != AUTO:
        raise CommandError(f"{', '.join(refused)}: every row was refused as {file_format}; without --format the format "
                           "is recognised")  # fmt: skip


def configuration_of(
    rule_ids: str | None, reference: Reference, config: Path | None, rules_directory: Path | None = None
) -> EngineConfiguration:
    """The settings' rules and reference data, overridden by those of the command line."""
    settings = load_settings("detection", DetectionSettings, config, os.environ)
    try:
        configured = with_directory(settings.configuration(), rules_directory or settings.rules_directory)
        chosen = configured.rules if rule_ids is None else selected(rule_ids, configured.known)
    except ConfigurationError as error:
        raise WrongUsageError(f"--rules: {error}") from error
    except (ReferenceDataError, NotADirectoryError) as error:
        raise CommandError(str(error)) from error
    rules = {rule_id: configured.rules.get(rule_id, {}) for rule_id in chosen}
    tables = {name: getattr(reference, name) or getattr(configured.reference, name) for name in TABLES}
    return replace(configured, rules=rules, reference=Reference.of(**tables), marks_come=False)


def with_directory(configured: EngineConfiguration, directory: Path | None) -> EngineConfiguration:
    """The configuration with the rules of a directory in force as well."""
    if directory is None:
        return configured
    try:
        loaded = load_directory(directory)
    except OSError as error:
        raise CommandError(f"{directory}: expected a directory of rules: {error}") from error
    return configured.with_brought(loaded.rules, loaded.faults)


def make_engine(configuration: EngineConfiguration, model: Path | None) -> Engine:
    """An engine, with a model to rank by where one is named."""
    try:
        return Engine(configuration, None if model is None else read_model(model, configuration.trust))
    except ConfigurationError as error:
        raise WrongUsageError(str(error)) from error


def write_alerts(out: Path, alerts: Sequence[Alert]) -> None:
    """Write alerts as JSON lines; a file appears whole or not at all, a device or pipe (/dev/null) is written to."""
    is_place = out.exists() and not out.is_file()
    with out.open("w", encoding="utf-8") if is_place else _replacing(out) as file:
        for alert in alerts:
            file.write(json.dumps(to_json(alert), ensure_ascii=False, separators=(",", ":")) + "\n")


@contextmanager
def _replacing(out: Path) -> Iterator[Any]:
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        partial.chmod(0o644)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _described(file: EventFile) -> dict[str, Any]:
    report = file.report
    return {
        "path": str(report.path),
        "format": report.format,
        "decided": report.decided,
        "source": report.source,
        "received": report.received,
        "rejected": report.rejected_by_reason.total(),
        "notes": report.notes,
        "cut": report.cut,
    }


def _show(files: Sequence[EventFile], result: DetectionResult, out: Path) -> None:
    for file in files:
        _show_file(file)
    values = result.to_json()
    ledger = values["ledger"]
    print_lines(
        ("events", f"{values['events']:,} in {result.seconds:.2f} s, {values['events_per_second']:,}/s"),
        ("engine", values["engine"]),
        (
            "ledger",
            f"received {ledger['received']} = evaluated {ledger['evaluated']} + late {ledger['late']} "
            f"+ duplicate {ledger['duplicate']} + rejected {ledger['rejected']}"
            + (
                f"; {counted(result.cut_files, 'file')} cut, what is missing is not counted" if result.cut_files else ""
            ),
        ),
        ("unknown orders", str(ledger["unknown_order"])),
        ("quarantined", ", ".join(f"{count} {reason}" for reason, count in values["quarantined"].items()) or "none"),
        *_corrections(values["corrections"]),
        *(("not applicable", f"{rule}: {why}") for rule, why in values["not_applicable"].items()),
        *(("faulty rule", f"{rule}: {harmless(why)}") for rule, why in values["faulty"].items()),
        ("alerts", f"{values['alerts']} in {out}"),
    )
    if result.alerts:
        print_table(("rule", "alerts>"), values["alerts_by_rule"].items())


def _corrections(values: Mapping[str, int]) -> list[tuple[str, str]]:
    """What busts and corrections changed; nothing where there were none."""
    if not any(values.values()):
        return []
    return [
        (
            "corrections",
            f"{values['busted']} executions busted, {values['corrected_executions']} corrected, "
            f"{values['unknown_references']} not in the files; so {values['alerts_raised']} alerts more, "
            f"{values['alerts_withdrawn']} fewer, {values['alerts_revised']} changed",
        )
    ]


def _show_file(file: EventFile) -> None:
    report = file.report
    faults = report.rejected[:FAULTS_SHOWN_MAX]
    more = report.rejected_by_reason.total() - len(faults)
    print_lines(
        ("file", f"{report.path}: {report.format} ({report.decided}), {report.accepted} events"),
        *(("note", harmless(note)) for note in report.notes),
        *((("not read", harmless(report.cut)),) if report.cut else ()),
        *(("refused", _refusal(each)) for each in faults),
        *((("refused", f"and {more} more"),) if more and faults else ()),
    )


def _refusal(fault: RowFault) -> str:
    """Line, field where there is one and the message does not begin with it, message and code."""
    place = f"line {fault.row}" + (f", {fault.field}" if fault.field else "")
    return f"{place}: {fault.message.removeprefix(f'{fault.field}: ')} ({fault.reason})"
