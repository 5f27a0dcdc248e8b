from tapewatch.fix.transport.throttle import SECOND_NS, Throttle

MESSAGE = b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01"


def test_a_peer_within_its_rate_does_not_wait() -> None:
    throttle = Throttle(10)
    assert [throttle.wait_s(MESSAGE, SECOND_NS + place * SECOND_NS // 10) for place in range(100)] == [0.0] * 100


def test_beyond_it_the_wait_is_what_the_excess_takes() -> None:
    assert Throttle(10).wait_s(MESSAGE * 25, SECOND_NS) == 1.5


def test_waiting_pays_the_debt() -> None:
    throttle = Throttle(10)
    throttle.wait_s(MESSAGE * 25, SECOND_NS)
    assert throttle.wait_s(MESSAGE, 3 * SECOND_NS) == 0.0


def test_messages_that_come_byte_by_byte_count_too() -> None:
    throttle = Throttle(10)
    waits = [throttle.wait_s(bytes([byte]), SECOND_NS) for byte in MESSAGE * 12]
    assert waits[-1] == 0.2


def test_no_rate_is_any_rate() -> None:
    assert Throttle(0).wait_s(MESSAGE * 1000, SECOND_NS) == 0.0


def test_a_clock_that_goes_back_gives_no_room_and_takes_none() -> None:
    throttle = Throttle(10)
    throttle.wait_s(MESSAGE * 10, 5 * SECOND_NS)
    assert throttle.wait_s(b"", SECOND_NS) == 0.0
