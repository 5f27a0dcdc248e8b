"""Past events as ingest journalled them: what a rule is tuned on where the data came by FIX or from a program."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.scorecard.truth import Scenario
from surveillance.v1 import ingest_pb2
from tapewatch.cli.failure import CommandError
from tapewatch.cli.merge import in_event_order
from tapewatch.cli.tune.material import Material, of_frames
from tapewatch.client.ingest import IngestClient, JournalRecord
from tapewatch.client.sync import Blocking
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.runtime.security import SecuritySettings

SUBSCRIBER = "tune"
PATIENCE_S = 30.0


def of_journal(
    address: str, security: SecuritySettings, scenarios: Sequence[Scenario], *, is_partial: bool
) -> Material:
    """Everything durable in ingest's journal, with the reference data newest there. CommandError where it is empty."""
    streams: dict[str, list[Frame]] = defaultdict(list)
    reference = Reference.of()
    with Blocking(lambda: IngestClient(address, security)) as client:
        for record in _records(client, client.status().durable_sequence):
            if record.kind == ingest_pb2.RECORD_KIND_EVENTS:
                for source, frame in _by_source(Frame.decode(record.payload)):
                    streams[source].append(frame)
            else:
                reference = _reference_in(record) or reference
    if not streams:
        raise CommandError(f"--journal: expected events in the journal of {address}, found none")
    ordered = in_event_order([iter(frames) for frames in streams.values()])
    return of_frames(f"the journal of {address}", ordered, reference, scenarios, is_partial=is_partial)


def _records(client: "Blocking[IngestClient]", end: int) -> Iterator[JournalRecord]:
    if end == 0:
        return
    for record in client.subscribe(0, SUBSCRIBER, patience_s=PATIENCE_S):
        yield record
        if record.next_sequence >= end:
            return


def _by_source(frame: Frame) -> Iterator[tuple[str, Frame]]:
    """The rows of each source, in order of event time."""
    sources = frame.columns["source"]
    for index in np.unique(sources).tolist():
        rows = np.flatnonzero(sources == index)
        times = frame.columns["event_time_ns"][rows]
        yield frame.string(index), frame.take(rows[np.argsort(times, kind="stable")])


def _reference_in(record: JournalRecord) -> Reference | None:
    if record.kind != ingest_pb2.RECORD_KIND_CONTROL:
        return None
    control = json.loads(record.payload)
    return Reference.from_json(json.loads(control["content"])) if control["control"] == "reference" else None
