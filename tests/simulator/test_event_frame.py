from dataclasses import replace

import pytest

from simulator.event_frame import frame_of
from simulator.simulation import Simulation, SimulationConfig, labelled_run, simulate
from tapewatch.market.validate import validate

SHARES = SimulationConfig(seed=3, minutes=0.5)
WHOLE = labelled_run(["wash_owner"], seed=4, minutes=20, severity=0.8, activity=0.1, market="whole", hours="fitted")


@pytest.mark.parametrize("config", [SHARES, WHOLE], ids=["shares", "with phases"])
def test_frames_hold_the_rows_of_the_simulation_numbered_on(config: SimulationConfig) -> None:
    found, count = [], 0
    for batch in Simulation(replace(config)).batches(500):
        frame = frame_of(batch, "venue", 7, count + 1)
        assert list(validate(frame)) == []
        found += list(frame.rows())
        count += batch.row_count
    marks = {"source": "venue", "source_epoch": 7}
    expected = [{**row, **marks, "source_sequence": number} for number, row in enumerate(simulate(config), 1)]
    assert {row["kind"] for row in found} >= {"NEW", "CANCEL", "FILL", "EXPIRE"}
    assert found == expected


def test_phases_are_among_them_where_venues_have_hours() -> None:
    phases = {row.get("phase") for batch in Simulation(WHOLE).batches(500) for row in frame_of(batch, "v", 0, 1).rows()}
    assert len(phases - {None}) > 1
