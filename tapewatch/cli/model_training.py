"""Training the anomaly model from files or from the journal of a running ingest."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from detection_service.anomaly.model import ForestModel, ModelError
from surveillance.v1 import ingest_pb2
from tapewatch.cli.failure import CommandError
from tapewatch.client.ingest import IngestClient, JournalRecord
from tapewatch.client.sync import Blocking
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.runtime.security import SecuritySettings

SUBSCRIBER = "models train"
PATIENCE_S = 30.0


def train_model(frames: Iterable[Frame | bytes], reference: Reference, seed: int) -> ForestModel:
    """Fit the model on event frames in event order; CommandError where they are too few."""
    from detection_service.anomaly.training import collect_windows, train  # scikit-learn takes a second to import

    try:
        return train(collect_windows(frames, reference), seed)
    except ModelError as error:
        raise CommandError(str(error)) from error


def train_from_ingest(address: str, security: SecuritySettings, seed: int) -> ForestModel:
    """Fit the model on everything durable in ingest's journal, with the reference data newest there."""
    with Blocking(lambda: IngestClient(address, security)) as client:
        end = client.status().durable_sequence
        reference = Reference.of()
        for record in _records(client, end):
            reference = _reference_in(record) or reference
        frames = (record.payload for record in _records(client, end) if record.kind == ingest_pb2.RECORD_KIND_EVENTS)
        return train_model(frames, reference, seed)


def publish_model(address: str, security: SecuritySettings, model: ForestModel) -> int:
    """Put a model in force for the events from now on; returns the position of its control record."""
    content = json.dumps(model.to_json(), separators=(",", ":")).encode()
    with Blocking(lambda: IngestClient(address, security)) as client:
        position: int = client.publish_control(ingest_pb2.CONTROL_KIND_MODEL, content, f"model-{model.model_id}")
        return position


def read_model(path: Path) -> ForestModel:
    """A model from its file; CommandError names the file and what is wrong with it."""
    try:
        return ForestModel.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{path}: expected a model that `tapewatch models train` wrote: {error}") from error


def write_model(path: Path, model: ForestModel) -> None:
    """Write a model to its file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(model.to_json()) + "\n", encoding="utf-8")
    partial.replace(path)


def _records(client: "Blocking[IngestClient]", end: int) -> Iterator[JournalRecord]:
    """The journal's records below a position."""
    if end == 0:
        return
    for record in client.subscribe(0, SUBSCRIBER, patience_s=PATIENCE_S):
        yield record
        if record.next_sequence >= end:
            return


def _reference_in(record: JournalRecord) -> Reference | None:
    if record.kind != ingest_pb2.RECORD_KIND_CONTROL:
        return None
    control = json.loads(record.payload)
    return Reference.from_json(json.loads(control["content"])) if control["control"] == "reference" else None
