import random

from tapewatch.fix.transport.backoff import Backoff


def delays(backoff: Backoff, count: int) -> list[float]:
    return [backoff.next_delay_s() for _ in range(count)]


def test_delays_double_up_to_the_most_and_are_drawn_between_half_and_whole() -> None:
    found = delays(Backoff(0.1, 5.0, randomness=random.Random(7)), 12)
    wholes = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    assert all(whole / 2 <= delay <= whole for whole, delay in zip(wholes, found, strict=True))
    assert len(set(found[6:])) == 6


def test_a_connection_that_held_ends_the_series() -> None:
    backoff = Backoff(0.1, 5.0, settled_s=1.0)
    delays(backoff, 6)
    backoff.ended(active_s=1.5)
    assert backoff.next_delay_s() <= 0.1


def test_a_connection_thrown_out_at_once_does_not() -> None:
    backoff = Backoff(0.1, 5.0, settled_s=1.0)
    delays(backoff, 6)
    backoff.ended(active_s=0.01)
    assert backoff.next_delay_s() >= 2.5
