"""`tapewatch evaluate`: simulate, detect, score; or score what the engine makes of foreign, labelled events."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from detection_service.anomaly.model_file import ModelFile
from simulator.schemes import SCHEMES
from simulator.scorecard.page import document
from tapewatch.cli.configured import ConfigOption, JsonOption
from tapewatch.cli.evaluate_foreign import Foreign, score_foreign
from tapewatch.cli.evaluate_model import ORDINARY_SEEDS, ordinary_model
from tapewatch.cli.evaluate_plan import (
    NEXT_REPORT_SEEDS,
    SEVERITY,
    density_grid,
    run_all,
    severity_grid,
    standard,
)
from tapewatch.cli.evaluate_report import report_of
from tapewatch.cli.evaluate_view import show
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.files import DateOption, FormatOption, InstrumentOption, VenueOption
from tapewatch.cli.model_training import read_model_file
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
from tapewatch.engine_mode import warn_once_if_interpreted

app = typer.Typer(add_completion=False)
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", exists=True, help="Anomaly model in force, and to rank by; the whole tier "
                 "without: none, and one of ordinary days."),
]  # fmt: skip


@app.command()
def evaluate(
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="Seed to simulate; may be repeated; the reporting seeds without.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Recall by severity and false alarms by density as well.")
    ] = False,
    schemes: Annotated[
        list[str] | None, typer.Option("--scheme", metavar="NAME", help="Only this scheme; may be repeated.")
    ] = None,
    severity: Annotated[float, typer.Option("--severity", min=0.0, max=1.0, help="Of the main table.")] = SEVERITY,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=1.0, help="Length of each run; what its schemes need without.")
    ] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="Runs side by side.")] = 2,
    model: ModelOption = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Where to write the report, HTML.")
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option("--events", metavar="FILE", exists=True, dir_okay=False, help="Foreign events; may be repeated."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", exists=True, help="Their labels, CSV or JSON lines.")
    ] = None,
    typologies: Annotated[
        list[str] | None, typer.Option("--typology", metavar="THEIRS=OURS", help="Our name for one of theirs.")
    ] = None,
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
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score detection by typology against known scenarios, with a naive rule beside each rule."""
    warn_once_if_interpreted()
    if bool(events) != (labels is not None):
        raise WrongUsageError("expected --events and --labels together: foreign events are scored against their labels")
    if events and labels is not None:
        reference = read_reference(
            accounts=accounts, instruments=instruments, announcements=announcements, positions=positions,
            fx_rates=fx_rates, restricted=restricted,
        )  # fmt: skip
        foreign = Foreign(tuple(events), labels, reference, file_format, venue, instrument, date, model, config)
        judge = None if model is None else read_model_file(model).model
        found = report_of([score_foreign(foreign, named(typologies or []))], model=judge)
    else:
        found = simulated(seeds or NEXT_REPORT_SEEDS, checked(schemes), severity, minutes,
                          processes, model, config, tier="full" if full else "standard")  # fmt: skip
    if report is not None:
        report.write_text(document(found, "Tapewatch scorecard"), encoding="utf-8")
    if as_json:
        print_json(found)
    else:
        show(found)


def simulated(
    seeds: list[int] | tuple[int, ...],
    schemes: list[str],
    severity: float,
    minutes: float | None,
    processes: int,
    model: Path | None,
    config: Path | None,
    tier: str,
) -> dict[str, object]:
    """Run a tier and report on it."""
    main = standard(seeds, schemes, severity)
    grid = severity_grid(seeds, schemes) if tier == "full" else []
    dense = density_grid(seeds) if tier == "full" else []
    plans = [
        replace(plan, model=model, config=config, minutes=plan.minutes if minutes is None else minutes)
        for plan in (*main, *grid, *dense)
    ]
    with_own = model is None and schemes == sorted(SCHEMES)
    with (
        progress_bar("evaluating", len(plans) + (len(ORDINARY_SEEDS) if with_own else 0)) as advance,
        tempfile.TemporaryDirectory(prefix="tapewatch-evaluate-") as folder,
    ):
        if with_own:
            model = Path(folder) / "model.json"
            ModelFile(ordinary_model(processes, lambda day: advance(1))).write(model)
        judge = None if model is None else read_model_file(model).model
        ranked = [replace(plan, ranked_by=model) for plan in plans[: len(main)]]
        scores = run_all([*ranked, *plans[len(main) :]], processes, lambda score: advance(1))
    until = len(main) + len(grid)
    return report_of(scores[: len(main)], scores[len(main) : until], scores[until:], judge)


def checked(schemes: list[str] | None) -> list[str]:
    """The schemes to play; WrongUsageError for a name that is none."""
    for name in schemes or ():
        if name not in SCHEMES:
            raise WrongUsageError(f"--scheme: expected one of {', '.join(SCHEMES)}, found {name!r}")
    return sorted(schemes or SCHEMES)


def named(pairs: list[str]) -> dict[str, str]:
    """Their names to ours, of `THEIRS=OURS`."""
    for pair in pairs:
        if "=" not in pair:
            raise WrongUsageError(f"--typology: expected THEIRS=OURS, found {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)
