"""Heartbeats, test requests and silence; and what the application answers, in its order."""

from tapewatch.fix.codec import Field
from tests.tapewatch.fix.conformance.counterparty import Counterparty, raw


def test_heartbeats_come_when_nothing_else_is_sent(stranger: Counterparty) -> None:
    stranger.logon(3)
    for _ in range(2):
        stranger.wait(2.5)
        stranger.expect_nothing()
        stranger.wait(0.5)
        stranger.expect("0")
        stranger.send("0")
    stranger.log_out()


def test_a_test_request_is_answered_by_the_matching_heartbeat(peer: Counterparty) -> None:
    peer.send("1", [(112, "HELLO")])
    peer.expect("0", {112: "HELLO"})
    peer.log_out()


def test_a_silent_peer_is_asked_and_its_answer_keeps_the_session(stranger: Counterparty) -> None:
    stranger.logon(3)
    stranger.wait(3)
    stranger.expect("0")
    stranger.send("0")
    stranger.wait(3)
    stranger.expect("0")
    stranger.wait(1)
    stranger.expect("1", {112: "TEST"})
    stranger.send("0", [(112, "TEST")])
    stranger.wait(3)
    stranger.expect("0")
    stranger.send("0")
    stranger.wait(3)
    stranger.expect("0")
    stranger.wait(1)
    stranger.expect("1", {112: "TEST"})
    stranger.wait(3)
    stranger.expect_nothing()
    stranger.wait(1)
    stranger.expect_end()


def test_no_heartbeats_are_sent_where_none_are_agreed(stranger: Counterparty) -> None:
    stranger.logon(0)
    stranger.wait(300)
    stranger.expect_nothing()


def test_a_reject_of_the_peer_is_counted_and_not_answered(peer: Counterparty) -> None:
    peer.send("3", [(45, 1)])
    peer.log_out()


def test_a_possible_resend_the_application_has_seen_is_not_answered(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.send("D", peer.order(), t97="Y")
    peer.expect_nothing()
    peer.log_out()


def test_a_possible_resend_the_application_has_not_seen_is_answered(peer: Counterparty) -> None:
    body = peer.order()
    peer.send("D", body, t97="Y")
    answer = peer.expect("D", {97: "Y", **dict(body)})
    assert [tag for tag, _ in answer.fields[3:8]] == [34, 49, 52, 56, 97]
    peer.log_out()


def test_answers_leave_in_the_order_of_what_they_answer(peer: Counterparty) -> None:
    begin = peer.version.begin_string
    order, bad = peer.order(), peer.order((40, "w"))
    messages: list[list[Field]] = [
        [*peer.head("D"), *order],
        [*peer.head("1"), (112, "A")],
        [*peer.head("D"), *bad],
        [*peer.head("D"), *order],
        [*peer.head("2"), (7, 2), (16, 2)],
        peer.head("5"),
    ]
    peer.write(b"".join(raw(begin, fields) for fields in messages))
    peer.expect("D", dict(order))
    peer.expect("0", {112: "A"})
    peer.expect_reject(4, "Value is incorrect (out of range) for this tag", 5, "D", 40)
    peer.expect("D", dict(order))
    peer.expect("D", {**dict(order), 43: "Y", 122: f"{peer.time()}.000"}, 2)
    peer.expect("5")
    peer.expect_end()
