"""A simulated run under control of its client, watched through every service, reset and started again."""

import json
from contextlib import aclosing
from pathlib import Path

import pytest

from surveillance.v1 import simulator_pb2
from tapewatch.cli.ledger import total
from tapewatch.client.narrative import Line, Voice, narrate
from tapewatch.client.simulator import SimulatorClient
from tests.end_to_end.stack import CORE, Stack, running_stack, until

SECTIONS = CORE | {"fix", "simulator"}
SCHEMES = ["wash_owner", "wash_self"]
FEEDS = (simulator_pb2.FEED_FIX, simulator_pb2.FEED_INGEST)


async def heard(simulator: SimulatorClient, stack: Stack) -> list[Line]:
    """The narrative until a case was concluded about a scenario."""
    told = []
    async with aclosing(narrate(simulator, stack.cases)) as lines:
        async for line in lines:
            told.append(line)
            if line.voice is Voice.CONCLUDES and line.scenario_id:
                break
    return told


async def finished(simulator: SimulatorClient) -> simulator_pb2.Simulation:
    async def is_over() -> bool:
        return (await simulator.get()).state == simulator_pb2.SIMULATION_STATE_FINISHED

    await until(is_over, "the run is not finished")
    return await simulator.get()


@pytest.mark.timeout(120)
async def test_a_scheme_is_told_seen_and_concluded_forgotten_at_a_reset_and_again_in_the_next_run(
    tmp_path: Path,
) -> None:
    async with running_stack(tmp_path, SECTIONS) as stack, SimulatorClient(stack.address("simulator")) as simulator:
        labels = tmp_path / "simulator" / "labels.jsonl"
        acknowledged, cases, orders = 0, 0, set[str]()
        for seed, feed in enumerate(FEEDS, 5):
            await simulator.start(
                seed=seed, minutes=3, schemes=SCHEMES, severity=1.0, feed=feed, activity=0.3,
                publish_reference=True,
            )  # fmt: skip
            told = await heard(simulator, stack)
            run = await finished(simulator)
            assert {line.voice for line in told} == set(Voice)
            assert any(line.voice is Voice.HAPPENS for line in told if line.scenario_id)
            assert run.events_sent == run.events_acknowledged > 0
            acknowledged += run.events_acknowledged
            await stack.drained()
            assert total(await stack.ledger()).received == acknowledged
            assert total(await stack.ledger()).duplicate == 0
            truth = [json.loads(line) for line in labels.read_text(encoding="utf-8").splitlines()]
            assert [each["typology"] for each in sorted(truth, key=lambda each: each["typology"])] == SCHEMES
            for each in truth:
                assert orders.isdisjoint(each["order_ids"])
                orders |= set(each["order_ids"])
            found = await stack.cases.list_cases(f'typology_family = "WASH" AND end_time_ns >= {run.start_time_ns}')
            assert sorted(rule_id for case in found for rule_id in case.rule_ids) == SCHEMES
            cases += len(found)

            reset = await simulator.reset()
            assert reset == simulator_pb2.Simulation(state=simulator_pb2.SIMULATION_STATE_IDLE)
            assert await simulator.list_scenarios() == []
            assert not labels.exists()
        assert len(await stack.cases.list_cases('typology_family = "WASH"')) == cases == len(FEEDS) * len(SCHEMES)
        assert all(line.ended for line in await stack.ledger())
