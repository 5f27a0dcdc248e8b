import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.runtime.access import Caller, Role
from tapewatch.runtime.errors import ResourceExhausted
from tapewatch.runtime.rates import CALLERS_MAX, Rates
from tapewatch.runtime.settings import RateSettings
from tests.tapewatch.runtime.tokens.fakes import Clock

TWO_A_SECOND = RateSettings(calls_a_second=2, calls_at_once=3)


def person(name: str = "alice") -> Caller:
    return Caller(name, frozenset({Role.ANALYST}), None)


def calls_taken(rates: Rates, caller: Caller, tries: int) -> int:
    taken = 0
    for _ in range(tries):
        try:
            rates.take(caller)
        except ResourceExhausted:
            continue
        taken += 1
    return taken


def test_a_caller_may_save_up_and_then_goes_at_the_rate() -> None:
    clock = Clock(0)
    rates = Rates(TWO_A_SECOND, clock)
    assert calls_taken(rates, person(), 10) == 3
    clock.now_s += 1
    assert calls_taken(rates, person(), 10) == 2
    clock.now_s += 100
    assert calls_taken(rates, person(), 10) == 3


def test_who_is_refused_learns_when_to_come_back() -> None:
    clock = Clock(0)
    rates = Rates(TWO_A_SECOND, clock)
    calls_taken(rates, person(), 3)
    with pytest.raises(ResourceExhausted, match="at most 2 calls a second of 'alice'") as caught:
        rates.take(person())
    assert (caught.value.reason, caught.value.retry_after_ms) == ("RATE_EXCEEDED", 500)
    clock.now_s += 0.5
    rates.take(person())


def test_one_caller_does_not_spend_what_another_has() -> None:
    rates = Rates(TWO_A_SECOND, Clock(0))
    assert calls_taken(rates, person("alice"), 10) == calls_taken(rates, person("bob"), 10) == 3


def test_services_have_a_rate_of_their_own_none_by_default() -> None:
    service = Caller("detection", frozenset({Role.SERVICE}), None, "detection")
    assert calls_taken(Rates(TWO_A_SECOND, Clock(0)), service, 5_000) == 5_000
    limited = RateSettings(service_calls_a_second=1, service_calls_at_once=4)
    assert calls_taken(Rates(limited, Clock(0)), service, 10) == 4


def test_the_buckets_kept_are_bounded() -> None:
    rates = Rates(TWO_A_SECOND, Clock(0))
    for number in range(CALLERS_MAX + 50):
        rates.take(person(str(number)))
    assert len(rates._buckets) == CALLERS_MAX


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_calls_than_saved_up_and_earned(pauses: list[float]) -> None:
    clock = Clock(0)
    rates = Rates(TWO_A_SECOND, clock)
    taken = 0
    for pause in pauses:
        clock.now_s += pause
        taken += calls_taken(rates, person(), 1)
    assert taken <= 3 + 2 * clock.now_s + 1e-6
