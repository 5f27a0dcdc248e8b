"""A drop copy over FIX while the gateway and what is behind it are killed: the alerts of an undisturbed run."""

import asyncio
import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.rules.catalogue import RULE_BY_ID
from simulator.drop_copy import BEGIN_STRING, DropCopy
from simulator.output import FIX_SENDER, FIX_TARGET, write_reference
from simulator.simulation import Simulation, SimulationConfig, labelled_run
from surveillance.v1 import simulator_pb2
from tapewatch.alert import to_json
from tapewatch.cli.ledger import total
from tapewatch.cli.reference_files import publish_reference, read_reference
from tapewatch.client.ingest import IngestPublisher
from tapewatch.client.simulator import SimulatorClient
from tapewatch.fix.codec import Field, encode, read_message
from tapewatch.fix.mapping import map_message
from tapewatch.fix.profile import load_profile
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tests.end_to_end.market import closing_rows
from tests.end_to_end.stack import CORE, LOCAL, Stack, running_stack, until

pytestmark = pytest.mark.timeout(180)
SCHEMES = ["spoofing", "layering", "wash_self", "wash_owner"]
MINUTES = 2.0
SEVERITY = 0.85
SPEED = 15.0
"""Simulated seconds a second: the run lasts eight seconds."""
SOURCE = f"{BEGIN_STRING}:{FIX_SENDER}->{FIX_TARGET}"
EVERYONE = CORE | {"fix", "simulator"}
OFTEN: dict[str, Any] = {"detection": {"snapshot_every_events": 1_500}, "ingest": {"snapshot_bytes": 1 << 17}}


@pytest.mark.parametrize(
    ("names", "seed"),
    [(["fix"], 11), (["cases", "detection", "fix", "ingest"], 13)],
    ids=["gateway", "all"],
)
async def test_a_drop_copy_loses_and_doubles_nothing_whoever_is_killed(
    names: list[str], seed: int, tmp_path: Path
) -> None:
    config = labelled_run(SCHEMES, seed=seed, minutes=MINUTES, severity=SEVERITY)
    reference = reference_of(config, tmp_path / "reference")
    rows = drop_copy_rows(config)
    close = close_of(rows)
    expected = alerts_of([Frame.from_rows(rows), close], reference)
    async with running_stack(tmp_path, EVERYONE, OFTEN) as stack:
        await publish_reference(stack.address("ingest"), LOCAL, reference)
        async with SimulatorClient(stack.address("simulator")) as simulator:
            await simulator.start(seed=seed, minutes=MINUTES, speed=SPEED, schemes=SCHEMES, severity=SEVERITY)
            await kill_on_the_way(stack, simulator, names, len(rows), seed)
            await finished(simulator)
        await until(lambda: has_received(stack, len(rows)), "events that FIX acknowledged are missing in the journal")
        async with IngestPublisher(stack.address("ingest"), name="close") as publisher:
            await publisher.publish(close)
            await publisher.end_of_source("close")
        await stack.drained()
        alerts, ledger, frames = await stack.alerts(), total(await stack.ledger()), await stack.journal()
    print(f"seed {seed}: {len(rows)} events, {len(alerts)} alerts, {ledger.duplicate} resent; recovered in", end=" ")
    print(", ".join(f"{each:.1f} s" for each in stack.recovery_s))
    assert len(expected) >= len(SCHEMES)
    assert execution_ids(frames) == [row["execution_id"] for row in rows]
    assert alerts == expected
    assert ledger.journalled == ledger.evaluated == len(rows) + close.row_count
    assert (ledger.rejected, ledger.late, ledger.pending) == (0, 0, 0)


async def kill_on_the_way(
    stack: Stack, simulator: SimulatorClient, names: list[str], event_count: int, seed: int
) -> None:
    """Kill twice, each time after a seeded share of the run is journalled."""
    chance = random.Random(seed)
    points = [int(event_count * chance.uniform(*share)) for share in ((0.05, 0.25), (0.6, 0.8))]
    sent = []
    for point in points:
        await until(partial(has_received, stack, point), f"{point} events are not received")
        sent.append((await simulator.get()).events_sent)
        await asyncio.gather(*(stack.kill(name) for name in names))
    print(f"seed {seed}: {', '.join(names)} killed after {points} of {event_count} events, {sent} sent")
    assert sent[0] < event_count


async def has_received(stack: Stack, count: int) -> bool:
    return sum(line.journalled for line in await stack.ledger()) >= count


async def finished(simulator: SimulatorClient) -> None:
    async def is_over() -> bool:
        run = await simulator.get()
        assert run.state != simulator_pb2.SIMULATION_STATE_FAILED, run.error
        return run.state == simulator_pb2.SIMULATION_STATE_FINISHED

    await until(is_over, "the simulated run is not finished", timeout_s=60.0)


def reference_of(config: SimulationConfig, directory: Path) -> Reference:
    write_reference(directory, Simulation(config))
    return read_reference(accounts=directory / "accounts.csv")


def drop_copy_rows(config: SimulationConfig) -> list[dict[str, Any]]:
    """The events the gateway makes of the run's drop copy when nothing goes wrong."""
    drop_copy, profile = DropCopy(), load_profile("fix44")
    rows: list[dict[str, Any]] = []
    for number, report in enumerate(Simulation(config).reports(), start=1):
        message_type, fields = drop_copy.message(report)
        head: list[Field] = [
            (35, message_type),
            (49, FIX_SENDER),
            (56, FIX_TARGET),
            (34, number),
            (52, "20260302-09:00:00.000"),
        ]
        mapped, note = map_message(read_message(encode(BEGIN_STRING, [*head, *fields])), profile, SOURCE)
        assert note is None
        rows += mapped
    return rows


def close_of(rows: list[dict[str, Any]]) -> Frame:
    """The venue's close from a source of its own, by which every episode is over."""
    instruments = {(row["venue"], row["instrument"]) for row in rows}
    closing = closing_rows(instruments, max(row["event_time_ns"] for row in rows))
    named = [{**row, "source": "close", "source_sequence": number} for number, row in enumerate(closing, start=1)]
    return Frame.from_rows(named)


def alerts_of(frames: list[Frame], reference: Reference) -> dict[str, dict[str, Any]]:
    """The final revisions by id, of an engine with every rule."""
    engine = Engine(EngineConfiguration({rule_id: {} for rule_id in RULE_BY_ID}, reference))
    revisions = [alert for frame in frames for alert in engine.process(frame)]
    assert engine.finish() == []
    return {alert.alert_id: json.loads(json.dumps(to_json(alert))) for alert in revisions}


def execution_ids(frames: list[Frame]) -> list[str]:
    """The execution id of each event the drop copy gave, in the journal's order."""
    return [str(row["execution_id"]) for frame in frames for row in frame.rows() if row["source"] == SOURCE]
