"""`tapewatch models`: train, show and list anomaly models."""

from pathlib import Path
from typing import Annotated

import typer

from detection_service.anomaly.features import FEATURES
from ingest_service.formats import FormatOptions
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, security_of
from tapewatch.cli.files import FormatOption, InstrumentOption, VenueOption, explained, open_files, refuse_cut
from tapewatch.cli.merge import in_event_order
from tapewatch.cli.model_training import publish_model, read_model, train_from_ingest, train_model, write_model
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.cli.reference_files import AccountsOption, read_reference
from tapewatch.cli.stack import DATA_DIRECTORY
from tapewatch.client.detection import DetectionClient

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, show and list anomaly models.")
MODELS_DIRECTORY = DATA_DIRECTORY / "models"
ROWS_PER_FRAME = 16_384

TrainingFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES...]", exists=True, dir_okay=False, help="Event files; the running ingest without."),
]
ModelsOption = Annotated[Path, typer.Option("--directory", metavar="DIR", help="Where model files are kept.")]


@app.command("train")
def train(
    files: TrainingFiles = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where the model goes.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put it in force in the running stack.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the forest.")] = 1,
    accounts: AccountsOption = None,
    file_format: FormatOption = "auto",
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit an isolation forest on what is usual, from files or from the journal of the running ingest."""
    if files:
        opened = open_files(files, file_format, FormatOptions(venue=venue, instrument=instrument))
        with explained():
            frames = in_event_order([file.frames(ROWS_PER_FRAME) for file in opened])
            model = train_model(frames, read_reference(accounts=accounts), seed)
        refuse_cut(opened)  # what is usual of a part is not what is usual
    else:
        model = train_from_ingest(address_of("ingest", config, target), security_of(config), seed)
    path = out or MODELS_DIRECTORY / f"{model.model_id[:12]}.json"
    write_model(path, model)
    position = publish_model(address_of("ingest", config, target), security_of(config), model) if publish else None
    if as_json:
        values = {"model_id": model.model_id, "trained_windows": model.trained_windows, "sequence": position}
        print_json({**values, "file": str(path)})
        return
    print_lines(
        ("model", model.model_id),
        ("trained on", f"{model.trained_windows} account-instrument minutes"),
        ("written to", str(path)),
        ("in force", "no; --publish puts it in force" if position is None else f"from journal position {position} on"),
    )


@app.command("show")
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A model file.")],
    as_json: JsonOption = False,
) -> None:
    """Check a model file, and show what the model looks at and what is usual there."""
    model = read_model(file)
    usual = dict(zip(FEATURES, model.arrays["medians"].tolist(), strict=True))
    values = {
        "model_id": model.model_id,
        "trained_windows": model.trained_windows,
        "trees": len(model.arrays["roots"]),
        "nodes": len(model.arrays["feature"]),
        "medians": usual,
    }
    if as_json:
        print_json(values)
        return
    print_lines(
        ("model", model.model_id),
        ("trained on", f"{model.trained_windows} account-instrument minutes"),
        ("forest", f"{values['trees']} trees, {values['nodes']} nodes"),
    )
    print_table(("feature", "median>"), ((name, f"{median:.4g}") for name, median in usual.items()))


@app.command("list")
def list_models(
    directory: ModelsOption = MODELS_DIRECTORY,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the model files, and which model is in force in the running detection."""
    in_force = ask(DetectionClient, "detection", config, target, lambda client: client.status()).model_id
    found = [(path, read_model(path)) for path in sorted(directory.glob("*.json"))]
    values = [
        {
            "model_id": model.model_id,
            "trained_windows": model.trained_windows,
            "file": str(path),
            "in_force": model.model_id == in_force,
        }
        for path, model in found
    ]
    if as_json:
        print_json({"in_force": in_force or None, "models": values})
        return
    print_lines(("in force", in_force or "none: `tapewatch models train --publish` makes one"))
    print_table(
        ("model", "windows>", "file", ""),
        ((each["model_id"], each["trained_windows"], each["file"], "in force" if each["in_force"] else "")
         for each in values),
    )  # fmt: skip
