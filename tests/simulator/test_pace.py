from simulator.pace import Pace

START_NS = 1_700_000_000_000_000_000


def test_an_event_is_due_after_its_time_at_the_speed() -> None:
    pace = Pace(10.0, START_NS, clock=lambda: 100.0)
    assert pace.wait_seconds(START_NS + 5_000_000_000) == 0.5


def test_a_speed_of_nothing_never_waits() -> None:
    assert Pace(0.0, START_NS, clock=lambda: 100.0).wait_seconds(START_NS + 10**15) == 0.0


def test_a_change_counts_from_the_event_reached_and_from_now() -> None:
    now = [0.0]
    pace = Pace(1.0, START_NS, clock=lambda: now[0])
    now[0] = 60.0
    pace.change(2.0, START_NS + 60_000_000_000)
    assert pace.wait_seconds(START_NS + 61_000_000_000) == 0.5
    now[0] = 61.0
    assert pace.wait_seconds(START_NS + 61_000_000_000) == -0.5
