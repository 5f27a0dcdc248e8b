"""`tapewatch models`: train, sign, verify, show and list anomaly models; see how they do."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.anomaly.model import ForestModel, ModelError
from detection_service.anomaly.model_file import ModelFile, register, registered
from detection_service.anomaly.signing import SignatureError, Trust, make_key
from detection_service.anomaly.words import WORDS, told
from detection_service.app import DetectionSettings
from detection_service.engine.portrait import FEATURES
from ingest_service.formats import FormatOptions
from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption, address_of, security_of
from tapewatch.cli.failure import CommandError
from tapewatch.cli.files import FormatOption, InstrumentOption, VenueOption
from tapewatch.cli.model_judgement import ApartOption, drift_command, evaluate, propose
from tapewatch.cli.model_training import (
    publish_model,
    read_model_file,
    train_from_ingest,
    train_model,
    watch_files,
    watch_runs,
)
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.cli.reference_files import AccountsOption, read_reference
from tapewatch.cli.stack import DATA_DIRECTORY
from tapewatch.client.detection import DetectionClient
from tapewatch.runtime.settings import load_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, sign, judge and list anomaly models.")
app.command("drift")(drift_command)
app.command("propose")(propose)
app.command("evaluate")(evaluate)
MODELS_DIRECTORY = DATA_DIRECTORY / "models"

TrainingFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES...]", exists=True, dir_okay=False, help="Event files; the running ingest without."),
]
ModelArgument = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A model file.")]
ModelsOption = Annotated[Path, typer.Option("--directory", metavar="DIR", help="Where model files are kept.")]
KeyOption = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, help="Private key to sign with.")
]


@app.command("train")
def train(
    files: TrainingFiles = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where the model goes.")] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put it in force in the running stack.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the forest.")] = 1,
    key: KeyOption = None,
    apart: ApartOption = False,
    accounts: AccountsOption = None,
    file_format: FormatOption = "auto",
    venue: VenueOption = None,
    instrument: InstrumentOption = None,
    directory: ModelsOption = MODELS_DIRECTORY,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit an isolation forest on what is usual, and calibrate it on other days; from files or the running ingest.

    Windows that an alert of at least MEDIUM is about are left out.
    """
    if not files:
        model = train_from_ingest(address_of("ingest", config, target), security_of(config), seed)
    elif apart:
        model = train_model(watch_runs(files, file_format), seed)
    else:
        options = FormatOptions(venue=venue, instrument=instrument)
        model = train_model([watch_files(files, read_reference(accounts=accounts), file_format, options)], seed)
    path, file = _registered(model, directory) if out is None else (out, ModelFile(model))
    file = file if key is None else _signed(file, key)
    file.write(path)
    position = publish_model(address_of("ingest", config, target), security_of(config), file) if publish else None
    if as_json:
        print_json({**_described(file), "sequence": position, "file": str(path)})
        return
    _print_model(file)
    print_lines(
        ("written to", str(path)),
        ("in force", "no; --publish puts it in force" if position is None else f"from journal position {position} on"),
    )


@app.command("show")
def show(file: ModelArgument, as_json: JsonOption = False) -> None:
    """Check a model file, and show what it was made of, what it looks at and what is usual there."""
    found = read_model_file(file)
    quantiles = dict(zip(FEATURES, found.model.arrays["quantiles"].tolist(), strict=True))
    usual = {name: {"p5": row[5], "median": row[50], "p95": row[95]} for name, row in quantiles.items()}
    if as_json:
        print_json({**_described(found), "usual": usual})
        return
    _print_model(found)
    print_table(
        ("feature", "usually>", "", "what it is"),
        ((name, told(name, each["p5"]), f"to {told(name, each['p95'])}", WORDS[name].meaning)
         for name, each in usual.items()),
    )  # fmt: skip


@app.command("list")
def list_models(
    directory: ModelsOption = MODELS_DIRECTORY,
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the registry's models by version, and which model is in force in the running detection."""
    in_force = ask(DetectionClient, "detection", config, target, lambda client: client.status()).model_id
    try:
        found = registered(directory)
    except ModelError as error:
        raise CommandError(str(error)) from error
    values = [
        {**_described(file), "file": str(path), "in_force": file.model.model_id == in_force} for path, file in found
    ]
    if as_json:
        print_json({"in_force": in_force or None, "models": values})
        return
    print_lines(("in force", in_force or "none: `tapewatch models train --publish` makes one"))
    print_table(
        ("version>", "model", "trained on>", "calibrated on>", "signed by", "file", ""),
        ((each["version"], each["model_id"][:12], each["training"]["fitted_windows"],
          each["training"]["calibrated_windows"], each["signed_by"] or "nobody", each["file"],
          "in force" if each["in_force"] else "") for each in values),
    )  # fmt: skip


@app.command("key")
def key_command(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes; the public one: FILE.pub.")],
) -> None:
    """Make a pair of keys to sign models with; `model_keys` of the settings names the public ones that are trusted."""
    try:
        beside = make_key(path)
    except FileExistsError as error:
        raise CommandError(f"{error.filename}: expected no file there, found one; keys are never replaced") from error
    print_lines(("private key", f"{path}: keep it to yourself"), ("public key", f"{beside}: for detection.model_keys"))


@app.command("sign")
def sign_command(
    file: ModelArgument,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, help="Private key.")],
) -> None:
    """Sign a model file in place."""
    signed = _signed(read_model_file(file), key)
    signed.write(file)
    print_lines(("model", signed.model.model_id), ("signed by", str(_described(signed)["signed_by"])))


@app.command("verify")
def verify(
    file: ModelArgument,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, help="Public key; those of the settings "
                     "without."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Check that a model file is whole, of this version's features, and signed by a trusted key."""
    trusted = keys or load_settings("detection", DetectionSettings, config, os.environ).model_keys
    found = read_model_file(file)
    try:
        signed_by = Trust.in_files(trusted).check(found.model.model_id, found.signature)
    except SignatureError as error:
        raise CommandError(f"{file}: {error}") from error
    if as_json:
        print_json({"model_id": found.model.model_id, "verified_by": signed_by or None})
        return
    print_lines(
        ("model", f"{found.model.model_id}: its content is what its name says"),
        ("signed by", f"{signed_by}, which is trusted" if signed_by else "no key was named, so none was asked for"),
    )


def _registered(model: ForestModel, directory: Path) -> tuple[Path, ModelFile]:
    try:
        return register(model, directory)
    except ModelError as error:
        raise CommandError(str(error)) from error


def _signed(file: ModelFile, key: Path) -> ModelFile:
    try:
        return file.signed(key)
    except SignatureError as error:
        raise CommandError(str(error)) from error


def _described(file: ModelFile) -> dict[str, Any]:
    model = file.model
    return {
        "model_id": model.model_id,
        "version": file.version,
        "signed_by": file.signature and file.signature.get("key"),
        "training": dict(model.training),
        "trees": model.forest.trees,
        "nodes": len(model.arrays["feature"]),
        "rate_min": model.calibration.p_value_min,
    }


def _print_model(file: ModelFile) -> None:
    model, training = file.model, file.model.training
    print_lines(
        ("model", model.model_id),
        ("version", str(file.version or "none: not of a registry")),
        ("signed by", str(_described(file)["signed_by"] or "nobody")),
        ("trained on", f"{training['fitted_windows']} windows of {training['groups']} groups, {training['days']} days; "
                       f"{training['left_out_windows']} with alerts left out"),
        ("calibrated on", f"{training['calibrated_windows']} others, split by {training['split_by']}"),
        ("can promise", f"one false alarm in {1 / model.calibration.p_value_min:,.0f} windows, not fewer"),
        ("training data", f"sha256 {training['digest']}"),
        ("forest", f"{model.forest.trees} trees, {len(model.arrays['feature'])} nodes"),
    )  # fmt: skip
