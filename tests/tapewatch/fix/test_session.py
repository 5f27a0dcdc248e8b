"""The session layer against a counterparty written by hand; nothing here has a network or a clock."""

from typing import Any

import pytest

from tapewatch.fix.codec import Field, encode, format_timestamp
from tapewatch.fix.session import Session, SessionConfig, State
from tapewatch.fix.store import MemoryStore
from tests.tapewatch.fix.fix_peer import SECOND_NS, START_NS, Peer, fields_of, report_fields


def logged_on(**settings: Any) -> Peer:
    peer = Peer(**settings)
    peer.logon()
    assert peer.session.state is State.ACTIVE
    return peer


# -- logon


def test_a_logon_is_answered_with_a_logon_and_the_same_heartbeat() -> None:
    (answer,) = Peer().logon(heartbeat_s=17)
    assert fields_of(answer, 35, 34, 49, 56, 98, 108) == ("A", "1", "US", "THEM", "0", "17")


@pytest.mark.parametrize("begin_string", ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4"])
def test_every_version_logs_on(begin_string: str) -> None:
    (answer,) = Peer(begin_string=begin_string).logon()
    assert fields_of(answer, 8, 35) == (begin_string, "A")


def test_a_fixt_logon_needs_and_repeats_the_application_version() -> None:
    (answer,) = Peer(begin_string="FIXT.1.1", application_version="9").logon((1137, "9"))
    assert answer.get(1137) == "9"
    peer = Peer(begin_string="FIXT.1.1")
    (refusal,) = peer.logon()
    assert fields_of(refusal, 35, 58) == ("5", "required tag missing: DefaultApplVerID (1137)")
    assert peer.is_disconnected


def test_a_first_message_that_is_no_logon_ends_the_connection_unanswered() -> None:
    peer = Peer()
    assert peer.send("0") == []
    assert peer.is_disconnected
    assert "expected a Logon first, found 35=0" in peer.events[-1]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ([(98, 0), (108, -1)], "HeartBtInt"),
        ([(98, 0)], "HeartBtInt"),
        ([(98, 1), (108, 30)], "EncryptMethod"),
    ],
)
def test_a_logon_we_cannot_take_is_refused_with_the_reason(fields: list[tuple[int, int]], reason: str) -> None:
    peer = Peer()
    (answer,) = peer.send("A", fields)
    assert answer.msg_type == "5"
    assert reason in answer.text(58)
    assert peer.is_disconnected


def test_a_logon_without_the_password_is_refused_and_the_password_is_in_no_text() -> None:
    peer = Peer(username="broker", password="s3cret")
    (answer,) = peer.logon((553, "broker"), (554, "guess"))
    assert fields_of(answer, 35, 58) == ("5", "username or password refused")
    assert "s3cret" not in repr(peer.config) + repr(peer.events)
    assert [m.msg_type for m in Peer(username="broker", password="s3cret").logon((553, "broker"), (554, "s3cret"))] == [
        "A"
    ]


def test_no_logon_in_time_ends_the_connection() -> None:
    peer = Peer()
    peer.wait(9)
    assert not peer.is_disconnected
    peer.wait(1)
    assert peer.is_disconnected


def test_a_second_logon_in_a_session_is_ignored_but_counted() -> None:
    peer = logged_on()
    assert peer.logon() == []
    peer.send("8", report_fields())
    assert peer.numbers() == [3]


# -- envelope


def test_another_begin_string_ends_the_session() -> None:
    peer = logged_on()
    (answer,) = peer.send("0", begin="FIX.4.2")
    assert answer.msg_type == "5"
    assert answer.text(58) == "Incorrect BeginString"
    peer.send("5")
    assert peer.is_disconnected


def test_a_wrong_comp_id_is_rejected_and_ends_the_session() -> None:
    peer = logged_on()
    reject, logout = peer.send("0", t49="SPOOF")
    assert fields_of(reject, 35, 45, 372, 373) == ("3", "2", "0", "9")
    assert fields_of(logout, 35, 58) == ("5", None)
    assert not peer.is_disconnected
    peer.wait(2)
    assert peer.is_disconnected


def test_a_missing_number_is_fatal() -> None:
    peer = logged_on()
    head = [(35, "0"), (49, "THEM"), (56, "US"), (52, format_timestamp(START_NS))]
    (answer,) = peer.feed(encode("FIX.4.4", head))
    assert fields_of(answer, 35, 58) == ("5", "Received message without MsgSeqNum")
    assert peer.is_disconnected


def test_a_sending_time_beyond_two_minutes_is_rejected_and_ends_the_session() -> None:
    peer = logged_on()
    reject, logout = peer.send("0", t52=format_timestamp(START_NS - 121 * SECOND_NS))
    assert fields_of(reject, 35, 371, 373) == ("3", None, "10")
    assert logout.msg_type == "5"
    peer.send("5")
    assert peer.is_disconnected


def test_what_ingest_mode_rejects_for_its_time_is_asked_for_again() -> None:
    peer = logged_on()
    peer.send("8", report_fields(), t52=format_timestamp(START_NS - 121 * SECOND_NS))
    peer.send("5")
    peer.session.disconnected()
    assert peer.store.next_inbound == 2


def test_a_sending_time_within_two_minutes_is_fine() -> None:
    peer = logged_on()
    assert peer.send("0", t52=format_timestamp(START_NS - 119 * SECOND_NS)) == []


def test_an_unreadable_sending_time_loses_no_fill_but_is_rejected_in_strict_mode() -> None:
    peer, strict = logged_on(), logged_on(mode="strict")
    assert peer.send("8", report_fields(), t52="yesterday") == []
    assert peer.numbers() == [2]
    assert "SendingTime (52)" in peer.events[-1]
    (reject,) = strict.send("8", report_fields(), t52="yesterday")
    assert fields_of(reject, 35, 371, 373) == ("3", "52", "6")
    assert strict.session.expected == 3


def test_garbled_bytes_are_ignored_and_do_not_count() -> None:
    peer = logged_on()
    damaged = peer.write("8", report_fields(), sequence=2)[:-4] + b"000\x01"
    assert peer.feed(damaged) == []
    peer.send("8", report_fields())
    assert peer.numbers() == [2]
    assert any(event.startswith("garbled: ignored") for event in peer.events)


def test_endless_garbage_ends_the_connection() -> None:
    peer = logged_on(message_bytes_max=10_000)
    for _ in range(11):
        peer.feed(b"x" * 1000)
    assert peer.is_disconnected


# -- sequence numbers


def test_messages_reach_the_application_in_order_and_count_only_when_confirmed() -> None:
    peer = logged_on()
    peer.send("8", report_fields("E1"))
    peer.send("8", report_fields("E2"))
    assert peer.numbers() == [2, 3]
    assert peer.store.next_inbound == 2
    peer.session.confirm(peer.received[0])
    assert peer.store.next_inbound == 3
    peer.session.confirm(peer.received[1])
    assert peer.store.next_inbound == 4


def test_an_admin_message_counts_only_after_what_came_before_it_is_handed_on() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    peer.send("0")
    assert peer.store.next_inbound == 2
    peer.session.confirm(peer.received[0])
    assert peer.store.next_inbound == 4


def test_a_number_too_low_ends_the_session_with_both_numbers() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    (answer,) = peer.send("8", report_fields(), sequence=2)
    assert fields_of(answer, 35, 58) == ("5", "MsgSeqNum too low, expecting 3 but received 2")
    assert peer.is_disconnected


def test_a_possible_duplicate_too_low_is_ignored() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    dup = [(43, "Y"), (122, format_timestamp(START_NS - SECOND_NS)), *report_fields()]
    assert peer.send("8", dup, sequence=2) == []
    assert peer.numbers() == [2]
    assert not peer.is_disconnected


def test_a_possible_duplicate_without_its_first_sending_time_is_rejected() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    (reject,) = peer.send("8", [(43, "Y"), *report_fields()], sequence=2)
    assert fields_of(reject, 35, 371, 373) == ("3", "122", "1")
    assert not peer.is_disconnected


def test_a_possible_duplicate_first_sent_after_it_was_sent_ends_the_session() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    later = format_timestamp(START_NS + SECOND_NS)
    reject, logout = peer.send("8", [(43, "Y"), (122, later), *report_fields()], sequence=2)
    assert (reject.get(373), logout.msg_type) == ("10", "5")
    peer.wait(2)
    assert peer.is_disconnected


def test_the_logon_may_reset_both_numbers_and_the_epoch_changes() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    epoch = peer.store.epoch
    again = Peer(store=peer.store)
    (answer,) = again.logon((141, "Y"))
    assert fields_of(answer, 34, 141) == ("1", "Y")
    again.send("8", report_fields())
    assert again.numbers() == [2]
    assert peer.received[0].epoch == epoch < again.received[0].epoch


def test_a_reset_must_be_number_one() -> None:
    peer = Peer()
    (answer,) = peer.logon((141, "Y"), sequence=5)
    assert "expected MsgSeqNum 1, found 5" in answer.text(58)


def test_what_was_received_before_a_reset_does_not_count_as_received_after_it() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    before = peer.received[0]
    peer.sequence = 1
    peer.logon((141, "Y"))
    peer.send("8", report_fields())
    peer.session.confirm(before)
    assert peer.store.next_inbound == 2


# -- heartbeats


def test_a_test_request_is_answered_with_its_text() -> None:
    (answer,) = logged_on().send("1", [(112, "are you there?")])
    assert fields_of(answer, 35, 112) == ("0", "are you there?")


def test_a_heartbeat_is_sent_when_nothing_else_was() -> None:
    peer = logged_on()
    assert peer.wait(29) == []
    (heartbeat,) = peer.wait(1)
    assert heartbeat.msg_type == "0"


def test_a_silent_peer_is_asked_and_then_left() -> None:
    peer = logged_on()
    assert [message.msg_type for message in peer.wait(36)] == ["0", "1"]
    assert not peer.is_disconnected
    peer.wait(36)
    assert peer.is_disconnected


def test_an_answer_to_our_test_request_keeps_the_session() -> None:
    peer = logged_on()
    test_request = peer.wait(36)[-1]
    peer.send("0", [(112, test_request.text(112))])
    peer.wait(34)
    assert not peer.is_disconnected


def test_a_heartbeat_interval_of_zero_sends_none() -> None:
    peer = Peer()
    peer.logon(heartbeat_s=0)
    assert peer.wait(300) == []
    assert not peer.is_disconnected


def test_while_we_do_not_read_the_peer_is_not_silent_but_gets_heartbeats() -> None:
    peer = logged_on()
    peer.session.pause_inbound()
    assert [message.msg_type for message in peer.wait(120)] == ["0"] * 4
    peer.session.resume_inbound(peer.now_ns)
    peer.wait(35)
    assert not peer.is_disconnected


# -- logout


def test_a_logout_is_answered_and_ends_the_connection() -> None:
    peer = logged_on()
    (answer,) = peer.send("5")
    assert answer.msg_type == "5"
    assert peer.is_disconnected
    assert peer.store.next_inbound == 3


def test_our_logout_waits_for_the_answer_or_its_time() -> None:
    peer = logged_on()
    (logout,) = peer.take(peer.session.logout(peer.now_ns, "end of day"))
    assert fields_of(logout, 35, 58) == ("5", "end of day")
    peer.wait(9)
    assert peer.session.state is State.LOGOUT_SENT
    peer.wait(1)
    assert peer.is_disconnected


def test_the_answer_to_our_logout_ends_the_connection() -> None:
    answered = logged_on()
    answered.take(answered.session.logout(answered.now_ns))
    assert answered.send("5") == []
    assert answered.is_disconnected


# -- modes and roles


def test_strict_mode_rejects_what_ingest_mode_records() -> None:
    fields = [*report_fields(), (58, "a")]
    strict, ingest = logged_on(mode="strict"), logged_on(mode="ingest")
    duplicate_header = [(56, "US"), *fields]
    (reject,) = strict.send("8", duplicate_header)
    assert fields_of(reject, 35, 371, 373) == ("3", "56", "13")
    assert ingest.send("8", duplicate_header) == []
    assert (strict.numbers(), ingest.numbers()) == ([], [2])
    assert strict.session.expected == ingest.session.expected == 3


@pytest.mark.parametrize(
    ("msg_type", "fields", "reason"), [("1", [], "1"), ("2", [(7, "x"), (16, 0)], "6"), ("[", [], "11")]
)
def test_strict_mode_rejects_a_malformed_message(msg_type: str, fields: list[tuple[int, str]], reason: str) -> None:
    (reject,) = logged_on(mode="strict").send(msg_type, fields)
    assert fields_of(reject, 35, 373) == ("3", reason)


@pytest.mark.parametrize("begin_string", ["FIX.4.0", "FIX.4.1"])
def test_before_version_four_two_a_reject_says_all_in_its_text(begin_string: str) -> None:
    peer = logged_on(mode="strict", begin_string=begin_string)
    (reject,) = peer.send("0", [(999, "HI")])
    assert fields_of(reject, 35, 45, 58, 371, 372, 373) == ("3", "2", "Invalid tag number (999)", None, None, None)
    (reject,) = peer.send("?")
    assert fields_of(reject, 35, 45, 58) == ("3", "3", "Invalid MsgType")


def test_before_version_four_two_an_unsupported_type_is_a_plain_reject() -> None:
    peer = logged_on(mode="strict", begin_string="FIX.4.1", message_types=frozenset("D"))
    (reject,) = peer.send("9", [(11, "C1"), (37, "O1"), (39, "8"), (41, "C0")])
    assert fields_of(reject, 35, 45, 58) == ("3", "2", "Unsupported Message Type")
    assert peer.numbers() == []


def test_version_four_three_knows_its_own_reports() -> None:
    peer = logged_on(mode="strict", begin_string="FIX.4.3")
    report = [*report_fields(), (453, 1), (448, "A"), (447, "D"), (452, "1")]
    assert peer.send("8", report) == []
    assert peer.numbers() == [2]


def test_an_initiator_logs_on_and_takes_the_answer() -> None:
    config = SessionConfig("FIX.4.4", "US", "THEM", heartbeat_s=15, username="u", password="p")
    session = Session(config, MemoryStore())
    logon = session.connected(START_NS)
    assert b"108=15\x01553=u\x01554=p\x01" in logon.data
    answer = encode(
        "FIX.4.4", [(35, "A"), (49, "THEM"), (56, "US"), (34, 1), (52, format_timestamp(START_NS)), (98, 0), (108, 15)]
    )
    assert not session.receive(answer, START_NS).data
    assert session.state is State.ACTIVE


def test_a_reset_by_the_initiator_is_done_once() -> None:
    store = MemoryStore()
    store.add_outbound(41, b"old")
    session = Session(SessionConfig("FIX.4.4", "US", "THEM", reset_on_logon=True), store)
    assert b"34=1\x01" in session.connected(START_NS).data
    answer: list[Field] = [(35, "A"), (49, "THEM"), (56, "US"), (34, 1), (52, format_timestamp(START_NS))]
    session.receive(encode("FIX.4.4", [*answer, (98, 0), (108, 30), (141, "Y")]), START_NS)
    assert (store.next_outbound, store.next_inbound) == (2, 2)


@pytest.mark.parametrize(
    ("settings", "found"),
    [({"begin_string": "FIX.9"}, "FIX.9"), ({"sender": ""}, "empty"), ({"heartbeat_s": -1}, "-1")],
)
def test_a_config_that_makes_no_sense_is_refused(settings: dict[str, Any], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        Peer(**settings)
