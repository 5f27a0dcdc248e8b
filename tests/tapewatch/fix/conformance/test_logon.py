"""Logon and logout: who may speak, how a session begins, begins anew and ends."""

from collections.abc import Callable
from typing import Any

import pytest

from tapewatch.fix.codec import Field
from tests.tapewatch.fix.conformance.counterparty import VERSIONS, Counterparty, Delivery, Version, raw


def test_a_valid_logon_is_answered_with_a_logon(stranger: Counterparty) -> None:
    stranger.logon()
    stranger.log_out()


def test_a_logon_with_a_number_too_high_is_answered_and_the_missing_asked_for(stranger: Counterparty) -> None:
    stranger.number = 5
    stranger.logon()
    stranger.expect("2", {7: 1, 16: 0})
    stranger.log_out()


def test_the_logon_whose_number_was_too_high_is_not_asked_for_again(stranger: Counterparty) -> None:
    stranger.number = 5
    stranger.logon()
    stranger.expect("2", {7: 1, 16: 0})
    stranger.send("4", [(36, 5), (123, "Y")], 1, t43="Y", t122=stranger.time())
    stranger.alive()


def test_numbers_begin_at_one_with_every_logon(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.log_out()
    peer.reconnect()
    peer.logon()
    peer.log_out()


def test_a_lost_connection_may_log_on_again(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.reconnect()
    peer.logon()
    peer.log_out()


@pytest.mark.parametrize("changes", [{"t49": "WT"}, {"t56": "DLSI"}, {"begin": "FIX.3.9"}])
def test_a_logon_of_somebody_else_ends_without_a_word(stranger: Counterparty, changes: dict[str, Any]) -> None:
    stranger.send("A", [(98, 0), (108, 30), *stranger.logon_fields()], **changes)
    stranger.expect_end()


def test_a_logon_sent_long_ago_ends_without_a_word(stranger: Counterparty) -> None:
    stranger.send("A", [(98, 0), (108, 30), *stranger.logon_fields()], t52="20010101-00:00:00")
    stranger.expect_end()


@pytest.mark.parametrize("damage", ["length", "check sum"])
def test_a_garbled_logon_is_not_answered(stranger: Counterparty, damage: str) -> None:
    fields = [*stranger.head("A", 1), (98, 0), (108, 30), *stranger.logon_fields()]
    length, check_sum = (40, None) if damage == "length" else (None, "256")
    stranger.write(raw(stranger.version.begin_string, fields, length, check_sum))
    stranger.expect_nothing()
    stranger.wait(10)
    stranger.expect_end()


@pytest.mark.parametrize("kind", ["0", "1", "2", "4", "5", "D"])
def test_a_first_message_that_is_no_logon_ends_without_a_word(stranger: Counterparty, kind: str) -> None:
    stranger.send(kind)
    stranger.expect_end()


@pytest.mark.parametrize("missing", [98, 108])
def test_a_logon_without_a_required_field_ends_without_a_word(stranger: Counterparty, missing: int) -> None:
    fields: list[Field] = [(98, 0), (108, 30), *stranger.logon_fields()]
    stranger.send("A", [field for field in fields if field[0] != missing])
    stranger.expect_end()


def test_a_negative_heartbeat_is_refused_with_a_logout(stranger: Counterparty) -> None:
    stranger.send("A", [(98, 0), (108, -10), *stranger.logon_fields()])
    stranger.expect("5", {58: "HeartBtInt must not be negative"})
    stranger.expect_end()


@pytest.mark.parametrize("version_id", [None, "33"])
def test_a_fixt_logon_must_state_a_known_application_version(delivery: Delivery, version_id: str | None) -> None:
    stranger = Counterparty(VERSIONS[2], delivery)
    stranger.send("A", [(98, 0), (108, 30), *([(1137, version_id)] if version_id else [])])
    stranger.expect_end()


def test_no_logon_in_time_ends_the_connection(stranger: Counterparty) -> None:
    stranger.wait(9.5)
    stranger.expect_nothing()
    stranger.wait(1)
    stranger.expect_end()


def test_a_second_logon_on_a_live_session_ends_it(peer: Counterparty) -> None:
    peer.send("A", [(98, 0), (108, 30), *peer.logon_fields()])
    peer.expect_end()


def test_a_logon_with_the_reset_flag_begins_the_numbers_again_on_a_live_session(peer: Counterparty) -> None:
    for _ in range(8):
        peer.send("0")
    peer.alive()
    peer.number = peer.next_answer = 1
    peer.logon(30, None, (141, "Y"))
    peer.alive()
    peer.log_out()
    assert any(event.startswith("audit: numbers were reset inside a session, from 11 in") for event in peer.events)


def test_the_answer_to_a_reset_logon_repeats_the_flag(stranger: Counterparty) -> None:
    stranger.logon(30, None, (141, "Y"))
    stranger.log_out()


@pytest.mark.parametrize("number", [2, 99])
def test_a_logout_is_answered_and_ends_the_connection(peer: Counterparty, number: int) -> None:
    peer.send("5", number=number)
    peer.expect("5")
    peer.expect_end()


def test_our_logout_ends_with_the_peers_or_with_its_time(version: Version, delivery: Delivery) -> None:
    def begun() -> Counterparty:
        peer = Counterparty(version, delivery)
        peer.logon()
        peer._take(peer.session.logout(peer.now_ns, "done"))
        peer.expect("5", {58: "done"})
        peer.expect_nothing()
        return peer

    endings: list[Callable[[Counterparty], None]] = [lambda peer: peer.send("5"), lambda peer: peer.wait(10)]
    for end in endings:
        peer = begun()
        end(peer)
        peer.expect_end()


def test_credentials_are_asked_for_where_they_are_configured(version: Version, delivery: Delivery) -> None:
    stranger = Counterparty(version, delivery, username="broker", password="s3cret")
    stranger.send("A", [(98, 0), (108, 30), (553, "broker"), (554, "guess"), *stranger.logon_fields()])
    stranger.expect("5", {58: "username or password refused"})
    stranger.expect_end()
    stranger.reconnect()
    stranger.send("A", [(98, 0), (108, 30), (553, "broker"), (554, "s3cret"), *stranger.logon_fields()])
    stranger.expect("A", {98: 0, 108: 30, **dict(stranger.logon_fields())})


def test_the_next_expected_number_is_sent_and_its_gap_is_filled_unasked(delivery: Delivery) -> None:
    peer = Counterparty(VERSIONS[1], delivery, reset_on_logon=False, send_next_expected=True)
    peer.send("A", [(98, 0), (108, 30), (789, 1)])
    peer.expect("A", {98: 0, 108: 30, 789: 2})
    peer.order_echoed()
    peer.alive()
    number, next_answer = peer.number, peer.next_answer
    peer.reconnect()
    peer.number, peer.next_answer = number, next_answer
    peer.send("A", [(98, 0), (108, 30), (789, 2)])
    peer.expect("A", {98: 0, 108: 30, 789: number + 1})
    echoed = peer.expect("D", {**dict(peer.order()), 43: "Y", 122: peer.time() + ".000"}, number=2)
    assert echoed.get(43) == "Y"
    peer.expect("4", {36: 4, 43: "Y", 122: peer.time() + ".000", 123: "Y"}, number=3)
    peer.alive()


def test_a_next_expected_number_we_never_sent_is_refused(delivery: Delivery) -> None:
    stranger = Counterparty(VERSIONS[1], delivery)
    stranger.send("A", [(98, 0), (108, 30), (789, 1200)])
    text = "NextExpectedMsgSeqNum (789) too high, expecting at most 1 but received 1200"
    stranger.expect("5", {58: text})
    stranger.expect_end()
