"""Past events as ingest journalled them: what a rule is tuned on where the data came by FIX or from a program."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.scorecard.truth import Scenario
from tapewatch.cli.failure import CommandError
from tapewatch.cli.journalled import holds_events, records, reference_in
from tapewatch.cli.merge import in_event_order
from tapewatch.cli.tune.material import Material, of_frames
from tapewatch.client.ingest import IngestClient
from tapewatch.client.sync import Blocking
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.runtime.security import SecuritySettings

SUBSCRIBER = "tune"


def of_journal(
    address: str, security: SecuritySettings, scenarios: Sequence[Scenario], *, is_partial: bool
) -> Material:
    """Everything durable in ingest's journal, with the reference data newest there. CommandError where it is empty."""
    streams: dict[str, list[Frame]] = defaultdict(list)
    reference = Reference.of()
    with Blocking(lambda: IngestClient(address, security)) as client:
        for record in records(client, client.status().durable_sequence, SUBSCRIBER):
            if holds_events(record):
                for source, frame in _by_source(Frame.decode(record.payload)):
                    streams[source].append(frame)
            else:
                reference = reference_in(record) or reference
    if not streams:
        raise CommandError(f"--journal: expected events in the journal of {address}, found none")
    ordered = in_event_order([iter(frames) for frames in streams.values()])
    return of_frames(f"the journal of {address}", ordered, reference, scenarios, is_partial=is_partial)


def _by_source(frame: Frame) -> Iterator[tuple[str, Frame]]:
    """The rows of each source, in order of event time."""
    sources = frame.columns["source"]
    for index in np.unique(sources).tolist():
        rows = np.flatnonzero(sources == index)
        times = frame.columns["event_time_ns"][rows]
        yield frame.string(index), frame.take(rows[np.argsort(times, kind="stable")])
