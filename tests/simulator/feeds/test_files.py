from pathlib import Path

import pyarrow.parquet as pq

from simulator.feeds.files import open_file_feed
from simulator.run import Run, State
from simulator.simulation import Simulation, SimulationConfig, simulate

SHORT = SimulationConfig(seed=1, minutes=0.2)


async def test_a_file_holds_every_event_of_the_run_in_order(tmp_path: Path) -> None:
    run = Run(Simulation(SHORT), lambda: open_file_feed(tmp_path, "events"), 0.0)
    await run.play()
    assert (run.state, run.error) == (State.FINISHED, "")
    written = pq.read_table(tmp_path / "events.parquet").to_pylist()
    expected = list(simulate(SHORT))
    assert [row["execution_id"] for row in written] == [row["execution_id"] for row in expected]
    assert run.events_acknowledged == len(expected)


async def test_batches_written_while_others_come_stay_in_order(tmp_path: Path) -> None:
    async with open_file_feed(tmp_path, "csv") as feed:
        for report in Simulation(SHORT).reports():
            await feed.send(report)
            if report.execution_id.endswith("00"):
                await feed.drained(5.0)
    lines = (tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [str(row["event_time_ns"]) for row in simulate(SHORT)]
