"""What the hours of a session and its reset policies do to its numbers, without a network or a clock."""

from datetime import time
from pathlib import Path
from typing import Any

import pytest

from tapewatch.fix.schedule import Schedule
from tapewatch.fix.session import State
from tapewatch.fix.store import FileStore, MemoryStore, SessionStore
from tests.tapewatch.fix.fix_peer import SECOND_NS, START_NS, Peer, report_fields

HOUR_NS = 3600 * SECOND_NS
HOURS = Schedule(time(8, 0), time(17, 0), "Europe/London")


def talked(store: SessionStore | None = None, **settings: Any) -> Peer:
    """Logged on with a report handed on: the next number in is 3."""
    peer = Peer(store, START_NS, **settings)
    peer.logon()
    peer.send("8", report_fields())
    peer.session.confirm(peer.received[0])
    return peer


def audits(peer: Peer) -> list[str]:
    return [event for event in peer.events if event.startswith("audit")]


def came_back(peer: Peer, after_ns: int, **settings: Any) -> Peer:
    """The same store, connected again later."""
    return Peer(peer.store, peer.now_ns + after_ns, **settings)


def test_outside_its_hours_a_session_takes_no_connection() -> None:
    closed = Peer(schedule=Schedule(time(10, 0), time(17, 0)))
    assert closed.is_disconnected
    assert closed.events[-1] == "refused: the session is closed at this hour"


def test_within_a_session_the_numbers_go_on_and_the_next_one_begins_with_new_numbers() -> None:
    peer = talked(schedule=HOURS)
    same = came_back(peer, HOUR_NS, schedule=HOURS)
    assert same.store.next_inbound == 3
    next_day = came_back(peer, 24 * HOUR_NS, schedule=HOURS)
    assert (next_day.store.next_inbound, next_day.store.next_outbound) == (1, 1)
    assert audits(next_day) == []


def test_a_weekly_session_keeps_its_numbers_over_the_days() -> None:
    week = Schedule(time(0, 0), time(23, 0), start_day=0, end_day=4)
    peer = talked(schedule=week)
    assert came_back(peer, 3 * 24 * HOUR_NS, schedule=week).store.next_inbound == 3
    assert came_back(peer, 7 * 24 * HOUR_NS, schedule=week).store.next_inbound == 1


def test_when_its_hours_are_over_a_session_logs_out() -> None:
    peer = talked(schedule=Schedule(time(8, 0), time(9, 1)))
    answers = peer.wait(60)
    assert answers[-1].msg_type == "5"
    assert answers[-1].text(58) == "the session's hours are over"
    assert peer.session.state is State.LOGOUT_SENT
    peer.send("5")
    assert peer.is_disconnected


def test_a_session_of_a_whole_day_logs_out_when_the_next_begins() -> None:
    peer = talked(schedule=Schedule(time(9, 1), time(9, 1)))
    assert peer.wait(60)[-1].msg_type == "5"
    again = came_back(peer, SECOND_NS, schedule=Schedule(time(9, 1), time(9, 1)))
    assert again.store.next_inbound == 1


def test_the_time_of_the_last_reset_survives_a_restart(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    talked(store, schedule=HOURS)
    store.close()
    reopened = FileStore(tmp_path)
    assert reopened.reset_ns == START_NS
    assert Peer(reopened, schedule=HOURS).store.next_inbound == 3
    reopened.close()


def test_a_store_that_does_not_know_its_last_reset_begins_anew_under_a_schedule() -> None:
    peer = talked()
    assert isinstance(peer.store, MemoryStore)
    peer.store.reset_ns = 0
    assert Peer(peer.store, schedule=HOURS).store.next_inbound == 1


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"reset_on_logout": True}, "the session was logged out"),
        ({"reset_on_disconnect": True}, "the connection ended"),
    ],
)
def test_a_reset_policy_begins_the_numbers_anew_and_the_audit_tells_why(settings: dict[str, Any], cause: str) -> None:
    peer = talked(**settings)
    if settings.get("reset_on_logout"):
        peer.send("5")
    peer.take(peer.session.disconnected())
    assert (peer.store.next_inbound, peer.store.next_outbound) == (1, 1)
    (told,) = audits(peer)
    assert told.endswith(cause)


def test_without_a_policy_a_logout_and_a_disconnect_keep_the_numbers() -> None:
    peer = talked()
    peer.send("5")
    peer.session.disconnected()
    assert (peer.store.next_inbound, peer.store.next_outbound) == (4, 3)


def test_a_reset_on_logon_is_audited_only_where_numbers_were_lost() -> None:
    peer = talked(reset_on_logon=True)
    assert audits(peer) == []
    again = came_back(peer, SECOND_NS, reset_on_logon=True)
    again.logon()
    assert audits(again) == ["audit: numbers were reset inside a session, from 3 in and 2 out: the peer logs on"]
