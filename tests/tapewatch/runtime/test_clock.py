import time

import pytest

from tapewatch.runtime.clock import Clock, FakeClock, SystemClock


def test_the_system_clock_is_the_machines() -> None:
    clock: Clock = SystemClock()
    before_ns = time.time_ns()
    assert before_ns <= clock.now_ns() <= time.time_ns()


def test_a_fake_clock_moves_only_when_told() -> None:
    fake = FakeClock(5)
    clock: Clock = fake
    assert [clock.now_ns(), clock.now_ns()] == [5, 5]
    fake.advance(10)
    assert clock.now_ns() == 15
    with pytest.raises(ValueError, match="at least 0 ns, found -1"):
        fake.advance(-1)
