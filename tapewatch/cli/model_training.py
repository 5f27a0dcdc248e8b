"""Training the anomaly model from files or from the journal of a running ingest, and reading and publishing it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from detection_service.anomaly.model import ForestModel, ModelError
from detection_service.anomaly.model_file import ModelFile, read
from detection_service.anomaly.signing import SignatureError, Trust
from detection_service.anomaly.watching import Watched, watch
from detection_service.anomaly.windows import Windows, joined
from detection_service.engine.configuration import EngineConfiguration
from ingest_service.formats import FormatOptions
from surveillance.v1 import ingest_pb2
from tapewatch.cli.failure import CommandError
from tapewatch.cli.files import explained, open_files, refuse_cut
from tapewatch.cli.journalled import holds_events, records, reference_in
from tapewatch.cli.merge import in_event_order
from tapewatch.cli.reference_files import reference_beside
from tapewatch.client.ingest import IngestClient
from tapewatch.client.sync import Blocking
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.runtime.security import SecuritySettings

SUBSCRIBER = "models train"
ROWS_A_FRAME = 16_384


def watch_files(
    paths: Sequence[Path], reference: Reference, file_format: str = "auto", options: FormatOptions | None = None
) -> Watched:
    """The windows of event files, merged in order of event time, with what the rules tell of them."""
    opened = open_files(paths, file_format, options or FormatOptions())
    with explained():
        streams = [file.frames(ROWS_A_FRAME) for file in opened]
        found = watch(in_event_order(streams), EngineConfiguration(reference=reference))
    refuse_cut(opened)  # what is usual of a part is not what is usual
    return found


def watch_runs(paths: Sequence[Path], file_format: str = "auto") -> list[Watched]:
    """The windows of event files that are each a market of its own, with the reference data beside each."""
    return [watch_files([path], reference_beside(path.parent), file_format) for path in paths]


def train_model(watched: Sequence[Watched], seed: int) -> ForestModel:
    """Fit and calibrate on the windows that no grave alert is about; CommandError where they are too few."""
    from detection_service.anomaly.training import train  # scikit-learn takes a second to import

    clean = [each.clean() for each in watched]
    windows: Windows = clean[0] if len(clean) == 1 else joined(clean)
    try:
        return train(windows, seed, sum(len(each.windows) for each in watched) - len(windows))
    except ModelError as error:
        raise CommandError(str(error)) from error


def train_from_ingest(address: str, security: SecuritySettings, seed: int) -> ForestModel:
    """Fit the model on everything durable in ingest's journal, with the reference data newest there."""
    with Blocking(lambda: IngestClient(address, security)) as client:
        end = client.status().durable_sequence
        reference = Reference.of()
        for record in records(client, end, SUBSCRIBER):
            reference = reference_in(record) or reference
        frames = (each.payload for each in records(client, end, SUBSCRIBER) if holds_events(each))
        return train_model([watch(_decoded(frames), EngineConfiguration(reference=reference))], seed)


def publish_model(address: str, security: SecuritySettings, file: ModelFile) -> int:
    """Put a model in force for the events from now on; returns the position of its control record."""
    content = json.dumps(file.to_json(), separators=(",", ":")).encode()
    with Blocking(lambda: IngestClient(address, security)) as client:
        name = f"model-{file.model.model_id}" + (f"-{file.signature['key']}" if file.signature else "")
        position: int = client.publish_control(ingest_pb2.CONTROL_KIND_MODEL, content, name)
        return position


def read_model_file(path: Path) -> ModelFile:
    """A model file; CommandError names it and what is wrong with it."""
    try:
        return read(path)
    except (ModelError, OSError) as error:
        raise CommandError(f"{path}: expected a model that `tapewatch models train` wrote: {error}") from error


def read_model(path: Path, trust: Trust | None = None) -> ForestModel:
    """A model from its file, signed by a key that is trusted where any are named; CommandError says what is wrong."""
    file = read_model_file(path)
    try:
        (trust or Trust()).check(file.model.model_id, file.signature)
    except SignatureError as error:
        raise CommandError(f"{path}: {error}") from error
    return file.model


def _decoded(frames: Iterable[bytes]) -> Iterator[Frame]:
    return (Frame.decode(frame) for frame in frames)
