"""Gaps, resends and restarts of the session layer, without a network or a clock."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.codec import Framer, Message, format_timestamp
from tapewatch.fix.session import Session, SessionConfig, gap
from tapewatch.fix.store import FileStore, MemoryStore
from tests.tapewatch.fix.conformance.counterparty import raw
from tests.tapewatch.fix.fix_peer import SECOND_NS, START_NS, Peer, fields_of, report_fields

DUP = [(43, "Y"), (122, format_timestamp(START_NS))]


def logged_on(**settings: Any) -> Peer:
    peer = Peer(**settings)
    peer.logon()
    return peer


# -- inbound gaps


def test_a_gap_is_asked_for_once_and_early_messages_wait_their_turn() -> None:
    peer = logged_on()
    (request,) = peer.send("8", report_fields("E4"), sequence=4)
    assert fields_of(request, 35, 7, 16) == ("2", "2", "0")
    assert peer.send("8", report_fields("E5"), sequence=5) == []
    assert peer.numbers() == []
    peer.send("8", [*DUP, *report_fields("E2")], sequence=2)
    peer.send("8", [*DUP, *report_fields("E3")], sequence=3)
    assert peer.numbers() == [2, 3, 4, 5]


def test_where_the_peer_resends_nothing_a_gap_is_said_once_and_passed_over() -> None:
    peer = Peer(resends=False)
    peer.logon()
    assert peer.send("8", report_fields("E5"), sequence=5) == []
    peer.send("8", report_fields("E6"), sequence=6)
    assert peer.numbers() == [5, 6]
    assert [event for event in peer.events if event.startswith("gap")] == [
        "gap: 2 to 4 did not come and cannot be asked for: reconcile"
    ]
    assert peer.session.expected == 7


def test_where_the_peer_resends_nothing_a_logon_that_is_early_is_a_gap_as_well() -> None:
    peer = Peer(resends=False)
    (answer,) = peer.logon(sequence=9)
    assert answer.msg_type == "A"
    peer.send("8", report_fields("E10"), sequence=10)
    assert peer.numbers() == [10]
    assert any("1 to 8 did not come" in event for event in peer.events)


def test_in_old_versions_infinity_is_999999() -> None:
    (request,) = logged_on(begin_string="FIX.4.1").send("8", report_fields(), sequence=4)
    assert request.get(16) == "999999"


def test_a_gap_is_asked_for_in_chunks() -> None:
    peer = logged_on(resend_chunk=2)
    (request,) = peer.send("8", report_fields("E7"), sequence=7)
    assert fields_of(request, 7, 16) == ("2", "3")
    assert peer.send("8", [*DUP, *report_fields("E2")], sequence=2) == []
    (request,) = peer.send("8", [*DUP, *report_fields("E3")], sequence=3)
    assert fields_of(request, 7, 16) == ("4", "5")
    (request,) = peer.send("4", [*DUP, (123, "Y"), (36, 6)], sequence=4)
    assert fields_of(request, 7, 16) == ("6", "6")
    peer.send("8", [*DUP, *report_fields("E6")], sequence=6)
    assert peer.numbers() == [2, 3, 6, 7]


def test_a_gap_fill_moves_the_number_on() -> None:
    peer = logged_on()
    peer.send("8", report_fields("E5"), sequence=5)
    peer.send("4", [*DUP, (123, "Y"), (36, 5)], sequence=2)
    assert peer.numbers() == [5]
    assert peer.session.expected == 6


def test_a_gap_fill_backwards_is_rejected() -> None:
    peer = logged_on()
    (reject,) = peer.send("4", [(123, "Y"), (36, 2)])
    assert fields_of(reject, 35, 371, 373) == ("3", None, "5")


def test_a_reset_of_the_sequence_moves_on_whatever_its_own_number() -> None:
    peer = logged_on()
    peer.send("4", [(36, 20)], sequence=900)
    peer.send("8", report_fields(), sequence=20)
    assert peer.numbers() == [20]
    (reject,) = peer.send("4", [(36, 3)], sequence=21)
    assert fields_of(reject, 35, 371, 373) == ("3", None, "5")


def test_a_logon_that_is_early_is_answered_before_the_gap_is_asked_for() -> None:
    logon, request = Peer().logon(sequence=5)
    assert fields_of(logon, 35, 34) == ("A", "1")
    assert fields_of(request, 35, 7, 16) == ("2", "1", "0")


def test_both_sides_with_a_gap_do_not_wait_for_each_other() -> None:
    peer = logged_on()
    answers = peer.send("2", [(7, 1), (16, 0)], sequence=4)
    assert [message.msg_type for message in answers] == ["4", "2"]


def test_the_gap_queue_is_bounded_and_the_forgotten_is_asked_for_again() -> None:
    peer = logged_on(gap_queue_max=2)
    for number in range(3, 8):
        peer.send("8", report_fields(f"E{number}"), sequence=number)
    (request,) = peer.send("8", [*DUP, *report_fields("E2")], sequence=2)
    assert peer.numbers() == [2, 3, 4]
    assert fields_of(request, 35, 7) == ("2", "5")


def test_a_long_answer_is_left_to_come() -> None:
    peer = logged_on()
    peer.send("8", report_fields(), sequence=9)
    for number in range(2, 9):
        assert "2" not in [message.msg_type for message in peer.wait(20)]
        peer.send("8", [*DUP, *report_fields(f"E{number}")], sequence=number, t52=format_timestamp(peer.now_ns))
    assert peer.numbers() == list(range(2, 10))


def test_the_gap_queue_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gap, "QUEUE_BYTES_MAX", 1000)
    peer = logged_on()
    for number in range(3, 9):
        peer.send("8", report_fields(f"E{number}", t58="x" * 300), sequence=number)
    (request,) = peer.send("8", [*DUP, *report_fields("E2")], sequence=2)
    assert (peer.numbers(), request.get(7)) == ([2, 3, 4, 5], "6")


def test_an_unanswered_request_is_repeated_and_then_given_up() -> None:
    peer = logged_on(resend_attempts_max=2)
    peer.send("8", report_fields(), sequence=9)
    asked = 0
    for number in range(10, 30):
        asked += [message.msg_type for message in peer.wait(10)].count("2")
        if peer.is_disconnected:
            break
        peer.send("0", sequence=number)
    assert asked == 1
    assert peer.is_disconnected
    assert "went unanswered" in peer.events[-1]


def test_a_disconnect_forgets_the_request_and_what_was_not_confirmed() -> None:
    peer = logged_on()
    peer.send("8", report_fields())
    peer.send("8", report_fields(), sequence=9)
    peer.session.disconnected()
    again = Peer(store=peer.store)
    logon, request = again.logon(sequence=10)
    assert (logon.msg_type, request.get(7)) == ("A", "2")


@given(st.permutations(range(2, 9)), st.integers(0, 3))
def test_whatever_the_order_of_arrival_the_application_sees_each_number_once(order: list[int], chunk: int) -> None:
    peer = logged_on(resend_chunk=chunk)
    for number in order:
        peer.send("8", [*DUP, *report_fields(f"E{number}")], sequence=number)
    for number in range(2, 9):
        peer.send("8", [*DUP, *report_fields(f"E{number}")], sequence=number)
    assert peer.numbers() == list(range(2, 9))
    assert not peer.is_disconnected


# -- what we send again


def sender_with_reports(count: int) -> Peer:
    peer = logged_on()
    for number in range(count):
        peer.session.send("8", report_fields(f"E{number}"), START_NS)
    return peer


def test_business_messages_are_sent_again_as_possible_duplicates_and_the_rest_is_filled() -> None:
    peer = sender_with_reports(2)
    peer.send("1", [(112, "x")])
    peer.session.send("8", report_fields("E9"), START_NS)
    peer.now_ns += 5 * SECOND_NS
    answers = peer.send("2", [(7, 1), (16, 0)])
    assert [fields_of(message, 35, 34, 43, 36, 17) for message in answers] == [
        ("4", "1", "Y", "2", None),
        ("8", "2", "Y", None, "E0"),
        ("8", "3", "Y", None, "E1"),
        ("4", "4", "Y", "5", None),
        ("8", "5", "Y", None, "E9"),
    ]
    assert fields_of(answers[1], 122, 52) == ("20260105-09:00:00.000", "20260105-09:00:05.000")


def test_a_part_of_what_was_sent_can_be_asked_for() -> None:
    answers = sender_with_reports(5).send("2", [(7, 3), (16, 4)])
    assert [message.sequence for message in answers] == [3, 4]


@pytest.mark.parametrize(("first", "last"), [(99, 0), (4, 3)])
def test_a_request_for_what_was_never_sent_is_noted_and_not_answered(first: int, last: int) -> None:
    peer = sender_with_reports(3)
    assert peer.send("2", [(7, first), (16, last)]) == []
    assert peer.events[-1].startswith("flag:")


def test_a_large_resend_comes_in_batches() -> None:
    peer = sender_with_reports(1200)
    first = peer.send("2", [(7, 2), (16, 0)])
    rest: list[Message] = []
    while peer.session.is_resending:
        rest += peer.take(peer.session.resend_more(peer.now_ns))
    assert len(first) == 500
    assert [message.sequence for message in first + rest] == list(range(2, 1202))


def test_text_and_data_survive_the_resend_byte_for_byte() -> None:
    peer = logged_on()
    peer.session.send("B", [(148, "Zürich"), (95, 5), (96, b"a\x01b\x01c"), (58, "x")], START_NS)
    (answer,) = peer.send("2", [(7, 2), (16, 2)])
    assert answer.text(148) == "Zürich"
    assert answer.get(96) == "a\x01b\x01c"


def test_the_next_expected_number_makes_the_missing_come_unasked() -> None:
    store = MemoryStore()
    sender_store = sender_with_reports(3).store
    peer = Peer(store=sender_store, send_next_expected=True)
    peer.sequence = 2
    logon, *resent = peer.logon((789, 3))
    assert fields_of(logon, 35, 789) == ("A", "3")
    assert [message.sequence for message in resent] == [3, 4]
    refused = Peer(store=store)
    (*_, logout) = refused.logon((789, 50))
    assert logout.msg_type == "5"
    assert "789" in logout.text(58)


# -- restarts


def test_the_numbers_survive_a_restart(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    peer = Peer(store=store)
    peer.logon()
    peer.send("8", report_fields("E1"))
    peer.send("8", report_fields("E2"))
    peer.session.confirm(peer.received[0])
    epoch = store.epoch
    store.close()

    reopened = FileStore(tmp_path)
    again = Peer(store=reopened)
    assert (again.store.next_inbound, again.store.next_outbound, again.store.epoch) == (3, 2, epoch)
    logon, request = again.logon(sequence=4)
    assert logon.sequence == 2
    assert request.get(7) == "3"
    again.send("8", [*DUP, *report_fields("E2")], sequence=3)
    assert [message.get(17) for message in again.received] == ["E2"]
    reopened.close()


def test_two_sessions_lose_nothing_whatever_is_cut(tmp_path: Path) -> None:
    """An initiator sends over a line that is cut at every byte of the stream in turn; the acceptor sees each once."""
    initiator = Session(SessionConfig("FIX.4.4", "THEM", "US"), MemoryStore())
    acceptor = Session(SessionConfig("FIX.4.4", "US", "THEM", role="acceptor"), MemoryStore())
    got: list[str | None] = []
    for cut in range(0, 2000, 37):
        data = bytes(initiator.connected(START_NS).data)
        answers = bytearray(acceptor.connected(START_NS).data)
        data += initiator.send("8", report_fields(f"E{cut}"), START_NS)[1]
        spent = 0
        while data and spent < cut:
            piece = data[: cut - spent]
            spent += len(piece)
            step = acceptor.receive(piece, START_NS)
            answers += step.data
            for message in step.messages:
                got.append(message.get(17))
                acceptor.confirm(message)
            data = bytes(initiator.receive(bytes(answers), START_NS).data)
            answers.clear()
        initiator.disconnected()
        acceptor.disconnected()
    assert [item for item in got if item] == sorted({item for item in got if item}, key=lambda item: int(item[1:]))
    assert len(got) > 20


@given(st.binary(max_size=400))
def test_no_bytes_crash_a_session(data: bytes) -> None:
    peer = logged_on()
    peer.feed(data)
    peer.feed(b"\x01")
    assert all(isinstance(item, Message) for item in Framer().feed(b"".join(message.raw for message in peer.sent)))


ODD_FIELDS = st.tuples(
    st.sampled_from([7, 16, 34, 36, 43, 45, 49, 50, 52, 56, 98, 108, 112, 115, 122, 123, 141, 789, 1137]),
    st.sampled_from(["", "0", "1", "2", "3", "-1", "Y", "N", "US", "THEM", "20260105-09:00:00", "9" * 30, "x"]),
)


@given(
    st.lists(st.tuples(st.sampled_from("0123458ADj?"), st.lists(ODD_FIELDS, max_size=4)), max_size=6),
    st.sampled_from(["strict", "ingest"]),
    st.sampled_from(["FIX.4.0", "FIX.4.2", "FIX.4.4", "FIXT.1.1"]),
    st.booleans(),
)
def test_no_fields_crash_a_session(
    messages: list[tuple[str, list[tuple[int, str]]]], mode: str, begin: str, is_logged_on: bool
) -> None:
    peer = Peer(mode=mode, begin_string=begin)
    if is_logged_on:
        peer.logon(*([(1137, "9")] if begin == "FIXT.1.1" else []))
    for number, (kind, odd) in enumerate(messages, 2):
        head = {49: "THEM", 56: "US", 34: str(number), 52: format_timestamp(peer.now_ns)} | dict(odd)
        peer.feed(raw(begin, [(35, kind), *head.items(), *odd[:1]]))
        peer.wait(40)
    assert all(isinstance(item, Message) for item in Framer().feed(b"".join(message.raw for message in peer.sent)))
