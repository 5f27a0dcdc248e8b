"""What has become of an anomaly model, whether another is needed, and how much it helps."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from detection_service.anomaly.drift import Drift, drift, summary
from detection_service.anomaly.model import ForestModel, ModelError
from detection_service.anomaly.model_file import ModelFile
from detection_service.anomaly.watching import Watched
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import CommandError
from tapewatch.cli.files import FormatOption
from tapewatch.cli.model_training import read_model_file, train_model, watch_files, watch_runs
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.cli.ranking_view import show_ranking
from tapewatch.cli.reference_files import AccountsOption, read_reference

FEATURES_SHOWN = 10
EventFiles = Annotated[list[Path], typer.Argument(metavar="FILES...", exists=True, dir_okay=False, help="Event files.")]
ModelOption = Annotated[
    Path, typer.Option("--model", metavar="FILE", exists=True, dir_okay=False, help="The model in question.")
]
ApartOption = Annotated[
    bool, typer.Option("--apart", help="Each file is a market of its own, with the reference data beside it.")
]


def drift_command(
    files: EventFiles,
    model: ModelOption,
    apart: ApartOption = False,
    accounts: AccountsOption = None,
    file_format: FormatOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Compare the windows of events with those a model was made of: feature by feature, and how unusual they are."""
    watched = _watched(files, apart, accounts, file_format)
    found = _drift(read_model_file(model).model, watched)
    if as_json:
        print_json(_drift_json(found))
        return
    _print_drift(found)


def propose(
    files: EventFiles,
    model: ModelOption,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the candidate goes, if one is proposed.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of the forest.")] = 1,
    apart: ApartOption = False,
    accounts: AccountsOption = None,
    file_format: FormatOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Propose another model, made of these events, where they are not those of the model any more. A person decides:
    the candidate is written, not published."""
    before = read_model_file(model).model
    watched = _watched(files, apart, accounts, file_format)
    found = _drift(before, watched)
    reasons = found.reasons()
    candidate = train_model(watched, seed) if reasons else None
    if candidate is not None:
        ModelFile(candidate).write(out)
    values = {
        **_drift_json(found),
        "retrain": bool(reasons),
        "candidate": candidate and {"model_id": candidate.model_id, "file": str(out), "training": candidate.training},
    }
    if as_json:
        print_json(values)
        return
    _print_drift(found)
    if candidate is None:
        print_lines(("proposal", "keep the model"))
        return
    print_lines(
        ("proposal", f"replace it by {candidate.model_id[:12]}, in {out}"),
        ("then", f"tapewatch models sign {out} --key KEY, and have it published"),
    )


def evaluate(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIRS...", exists=True, file_okay=False, help="Labelled runs of `tapewatch simulate`."),
    ],
    model: ModelOption,
    baseline: Annotated[
        list[Path] | None,
        typer.Option("--benign", metavar="FILE", exists=True, dir_okay=False, help="Events of a day without abuse that "
                     "the model has not seen; may be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """How much a model helps: average precision of the rules with and without it, and beside what is simpler; and
    whether days without abuse keep to the false alarms it promises."""
    from tapewatch.cli.model_precision import calibration, judged_run, plain_forest, rankings, table

    judge = read_model_file(model).model
    benign = [each.windows.rows for each in watch_runs(baseline or [])]
    runs = [judged_run(folder, number) for number, folder in enumerate(folders)]
    made = table(rankings(runs, judge, plain_forest(benign, runs)))
    values = {"model_id": judge.model_id, **made, "calibration": calibration(judge, benign) if benign else []}
    if as_json:
        print_json(values)
        return
    _print_precision(values)


def _watched(files: Sequence[Path], apart: bool, accounts: Path | None, file_format: str) -> list[Watched]:
    if apart:
        return watch_runs(files, file_format)
    return [watch_files(files, read_reference(accounts=accounts), file_format)]


def _drift(model: ForestModel, watched: Sequence[Watched]) -> Drift:
    try:
        return drift(model, np.concatenate([each.windows.rows for each in watched]))
    except ModelError as error:
        raise CommandError(str(error)) from error


def _drift_json(found: Drift) -> dict[str, Any]:
    return {
        "windows": found.windows,
        "features": summary(found.shifts),
        "strangeness": summary([found.strangeness])[0],
        "told_at_1_percent": found.observed,
        "reasons": found.reasons(),
    }


def _print_drift(found: Drift) -> None:
    print_table(
        ("", "PSI>", "KS>", "median>", "before>"),
        ((each.name, f"{each.psi:.3f}", f"{each.distance:.2f}", f"{each.median:.3g}", f"{each.median_before:.3g}")
         for each in (found.strangeness, *found.shifts[:FEATURES_SHOWN])),
    )  # fmt: skip
    print_lines(
        ("windows", str(found.windows)),
        ("told at a rate of 1 %", f"{found.observed:.2%}"),
        ("drift", "; ".join(found.reasons()) or "none to speak of"),
    )


def _print_precision(values: dict[str, Any]) -> None:
    show_ranking(values)
    print_table(
        ("promised>", "observed>", "least of a day>", "most>"),
        ((f"{each['promised']:g}", *(f"{each[key]:.2g}" for key in ("observed", "least", "most")))
         for each in values["calibration"]),
    )  # fmt: skip
