from surveillance.v1 import simulator_pb2
from tapewatch.cli.demo_run import Progress
from tapewatch.cli.ledger import LedgerLine

FINISHED = simulator_pb2.Simulation(state=simulator_pb2.SIMULATION_STATE_FINISHED, events_sent=5, events_acknowledged=5)
LINE = LedgerLine("venue", received=5, journalled=5, evaluated=5)


def progress(
    simulation: simulator_pb2.Simulation = FINISHED, detection: int = 6, alerts: int = 0, line: LedgerLine = LINE
) -> Progress:
    return Progress(simulation, 6, detection, alerts, (line,))


def test_all_has_drained_when_everything_sent_was_received_evaluated_and_stored() -> None:
    assert progress().missing() == []


def test_each_thing_on_its_way_is_named() -> None:
    running = simulator_pb2.Simulation(
        state=simulator_pb2.SIMULATION_STATE_RUNNING, events_sent=9, events_acknowledged=5
    )
    assert progress(running).missing() == ["the simulator has sent 9 events and is not finished"]
    assert progress(detection=4).missing() == ["detection is at position 4 of 6"]
    assert progress(alerts=2).missing() == ["2 alert revisions are not stored yet"]
    held_back = LedgerLine("venue", received=5, journalled=5, evaluated=3, pending=2)
    assert progress(line=held_back).missing() == ["2 events are held back for order"]
    uneven = LedgerLine("venue", received=5, journalled=5, evaluated=3)
    assert progress(line=uneven).missing() == ["the ledger does not balance yet"]


def test_events_of_earlier_runs_count_too() -> None:
    assert progress().missing(acknowledged_before=3) == ["ingest has received 5 of 8 events that FIX acknowledged"]
