"""Resend requests: what is sent again, what is filled, and that both sides may ask at once."""

import pytest

from tapewatch.fix.codec import Field
from tests.tapewatch.fix.conformance.counterparty import Counterparty


def expect_fill(peer: Counterparty, number: int, following: int) -> None:
    peer.expect("4", {36: following, 43: "Y", 122: f"{peer.time()}.000", 123: "Y"}, number)


def expect_again(peer: Counterparty, number: int, body: list[Field]) -> None:
    answer = peer.expect("D", {**dict(body), 43: "Y", 122: f"{peer.time()}.000"}, number)
    assert [tag for tag, _ in answer.fields[3:9]] == [34, 43, 49, 52, 56, 122]


@pytest.mark.parametrize("last", [4, 0])
def test_administrative_messages_are_filled_by_one_gap_fill(peer: Counterparty, last: int) -> None:
    for _ in range(3):
        peer.alive()
    peer.send("2", [(7, 1), (16, last)])
    expect_fill(peer, 1, 5)
    peer.alive()
    peer.log_out()


def test_a_resend_request_is_answered_whatever_its_number(peer: Counterparty) -> None:
    for _ in range(3):
        peer.alive()
    peer.send("2", [(7, 1), (16, 4)], 5)
    expect_fill(peer, 1, 5)
    peer.alive(6)
    peer.send("2", [(7, 1), (16, 0)], 5)
    expect_fill(peer, 1, 6)
    peer.log_out(6)


def test_business_messages_are_sent_again_as_possible_duplicates(peer: Counterparty) -> None:
    bodies = [peer.order((55, symbol)) for symbol in ("INTC", "CDG", "IVP")]
    for body in bodies:
        peer.send("D", body)
        peer.expect("D", dict(body))
    peer.send("2", [(7, 2), (16, 4)])
    for number, body in enumerate(bodies, 2):
        expect_again(peer, number, body)
    peer.alive()
    peer.send("2", [(7, 2), (16, 0)])
    for number, body in enumerate(bodies, 2):
        expect_again(peer, number, body)
    expect_fill(peer, 5, 6)
    peer.log_out()


@pytest.mark.parametrize("last", [4, 6, 8, 9, 0, 99])
def test_a_mixed_range_is_sent_again_and_filled_in_its_order(peer: Counterparty, last: int) -> None:
    body = peer.order()
    for _ in range(3):
        peer.alive()
    for _ in range(2):
        peer.order_echoed()
    for _ in range(2):
        peer.alive()
    peer.order_echoed()
    peer.send("2", [(7, 2), (16, last)])
    end = 9 if last in (0, 99) else last
    expect_fill(peer, 2, 5)
    for number in (5, 6):
        if number <= end:
            expect_again(peer, number, body)
    if end >= 8:
        expect_fill(peer, 7, 9)
    if end == 9:
        expect_again(peer, 9, body)
    peer.alive()
    peer.log_out()


def test_a_request_beyond_what_was_sent_is_not_answered(peer: Counterparty) -> None:
    peer.send("2", [(7, 50), (16, 0)])
    peer.alive()


def test_both_sides_may_ask_at_once_and_no_resend_is_asked_for_a_resend(peer: Counterparty) -> None:
    body = peer.order()
    peer.order_echoed()
    peer.order_echoed()
    peer.send("0", number=7)
    peer.expect("2", {7: 4, 16: 0})
    peer.send("2", [(7, 2), (16, 3)], 8)
    expect_again(peer, 2, body)
    expect_again(peer, 3, body)
    peer.expect_nothing()
    for number in (4, 5, 6):
        peer.send("0", number=number, t43="Y", t122=peer.time())
    peer.log_out(7)


def test_after_both_have_asked_the_numbers_go_on(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.send("2", [(7, 2), (16, 2)], 5)
    expect_again(peer, 2, peer.order())
    peer.expect("2", {7: 3, 16: 0})
    for number in (3, 4):
        peer.send("0", number=number, t43="Y", t122=peer.time())
    peer.alive(6)
    peer.log_out(7)


def test_a_gap_is_asked_for_in_chunks_where_that_is_configured(peer: Counterparty) -> None:
    chunked = Counterparty(peer.version, peer.delivery, resend_chunk=5)
    chunked.logon()
    chunked.send("0", number=14)
    for first, last in ((2, 6), (7, 11), (12, 13)):
        chunked.expect("2", {7: first, 16: last})
        chunked.send("4", [(36, last + 1), (123, "Y")], first, t43="Y", t122=chunked.time())
    chunked.alive(15)


def test_a_gap_queue_is_bounded_and_the_forgotten_is_asked_for_again(peer: Counterparty) -> None:
    small = Counterparty(peer.version, peer.delivery, gap_queue_max=2)
    small.logon()
    for number in range(3, 8):
        small.send("0", number=number)
    small.expect("2", {7: 2, 16: 0})
    small.send("0", number=2)
    small.expect("2", {7: 5, 16: 0})
    for number in (5, 6, 7):
        small.send("0", number=number)
    small.alive(8)


def test_a_request_that_stays_unanswered_is_given_up(peer: Counterparty) -> None:
    peer.send("0", number=9)
    peer.expect("2", {7: 2, 16: 0})
    number = 10
    while not peer.is_disconnected:
        peer.wait(20)
        if not peer.is_disconnected:
            peer.send("0", number=number)
            number += 1
        assert number < 50
    requests = [answer for answer in peer.answers if answer.msg_type == "2"]
    assert [answer.get(7) for answer in requests] == ["2", "2"]
    assert peer.answers[-1].msg_type == "5"
    assert "went unanswered" in peer.answers[-1].text(58)
