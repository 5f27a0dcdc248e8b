import pytest

from fix_gateway.admission import ADDRESSES_REMEMBERED_MAX, Admission, is_within
from fix_gateway.settings import FixSettings


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def settings_of(allow: list[list[str]] | None = None, **more: object) -> FixSettings:
    sessions = [{"target": f"T{place}", "allow": each} for place, each in enumerate(allow or [[]])]
    return FixSettings.model_validate({"sessions": sessions, **more})


def said(admission: Admission, host: str) -> str:
    problem = admission.enter(host)
    return "" if problem is None else f"{problem.reason}: {problem.text}"


def test_an_address_no_session_allows_is_refused_before_it_says_a_word() -> None:
    admission = Admission(settings_of([["10.1.0.0/16"], ["192.0.2.7/32", "2001:db8::/32"]]), Seconds())
    assert said(admission, "10.2.0.1") == "address: connection from 10.2.0.1: not an address that any session allows"
    assert [said(admission, host) for host in ("10.1.9.9", "192.0.2.7", "2001:db8::1", "::ffff:10.1.0.1")] == [""] * 4


def test_a_session_without_networks_lets_any_address_ask() -> None:
    assert said(Admission(settings_of([["10.1.0.0/16"], []]), Seconds()), "203.0.113.1") == ""


def test_places_are_bounded_in_all_and_by_address_and_come_free() -> None:
    admission = Admission(settings_of(connections_max=3, connections_an_address_max=2), Seconds())
    assert [said(admission, "a"), said(admission, "a")] == ["", ""]
    assert said(admission, "a") == (
        "connections_an_address: connection from a: 2 connections are open from there, the most there may be"
    )
    assert said(admission, "b") == ""
    assert said(admission, "c") == "connections: connection from c: 3 connections are open, the most there may be"
    admission.leave("a")
    assert said(admission, "c") == ""


def test_connections_a_minute_are_bounded_by_address_and_come_back_with_time() -> None:
    seconds = Seconds()
    admission = Admission(settings_of(logons_an_address_a_minute_max=60), seconds)
    for _ in range(60):
        assert said(admission, "a") == ""
        admission.leave("a")
    assert said(admission, "a") == "logon_rate: connection from a: more than 60 connections a minute from there"
    assert said(admission, "b") == ""
    seconds.now_s = 1.0
    assert [said(admission, "a")[:10], said(admission, "a")[:10]] == ["", "logon_rate"]


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    admission = Admission(settings_of(connections_max=1_000_000), Seconds())
    for place in range(ADDRESSES_REMEMBERED_MAX + 500):
        admission.enter(f"10.0.{place // 250}.{place % 250}")
        admission.leave(f"10.0.{place // 250}.{place % 250}")
    assert len(admission._rooms) == ADDRESSES_REMEMBERED_MAX


@pytest.mark.parametrize("host", ["?", "", "not an address", "10.1.0.1.5"])
def test_what_is_no_address_is_in_no_network(host: str) -> None:
    assert not is_within(host, settings_of([["0.0.0.0/0"]]).sessions[0].allow)
