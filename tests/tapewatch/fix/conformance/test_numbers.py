"""Sequence numbers: in turn, too high, too low, repeated, filled and reset."""

import pytest

from tests.tapewatch.fix.conformance.counterparty import Counterparty


def test_messages_in_sequence_are_taken(peer: Counterparty) -> None:
    for _ in range(4):
        peer.send("0")
    peer.log_out()


def test_a_number_too_high_asks_for_what_is_missing_once(peer: Counterparty) -> None:
    for _ in range(3):
        peer.send("0")
    peer.send("0", number=10)
    peer.expect("2", {7: 5, 16: 0})
    peer.send("0", number=11)
    peer.expect_nothing()
    for _ in range(5, 10):
        peer.send("0")
    peer.alive(12)


def test_what_came_early_is_taken_in_its_turn(peer: Counterparty) -> None:
    second, first = peer.order((11, "second")), peer.order((11, "first"))
    peer.send("D", second, 3)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("D", first, 2)
    peer.expect("D", dict(first))
    peer.expect("D", dict(second))
    peer.alive(4)


def test_a_number_too_low_ends_with_a_logout_that_tells_both_numbers(peer: Counterparty) -> None:
    for _ in range(3):
        peer.send("0")
    peer.send("0", number=2)
    peer.expect("5", {58: "MsgSeqNum too low, expecting 5 but received 2"})
    peer.expect_end()


def test_a_logon_answers_after_a_number_too_low(peer: Counterparty) -> None:
    peer.send("0", number=0)
    peer.expect("5", {58: "MsgSeqNum too low, expecting 2 but received 0"})
    peer.expect_end()
    peer.reconnect()
    peer.logon()
    peer.alive()


def test_a_missing_number_is_fatal(peer: Counterparty) -> None:
    peer.send("1", [(112, "X")], t34=None)
    peer.expect("5", {58: "Received message without MsgSeqNum"})
    peer.expect_end()


def test_a_possible_duplicate_received_already_is_ignored(peer: Counterparty) -> None:
    peer.send("0")
    peer.send("0", [(112, "x")], 2, t43="Y", t122=peer.time())
    peer.expect_nothing()
    peer.send("0")
    peer.log_out()


def test_a_possible_duplicate_not_received_yet_is_taken(peer: Counterparty) -> None:
    body = peer.order()
    peer.send("D", body, t43="Y", t122=peer.time())
    peer.expect("D", dict(body))
    peer.alive()


def test_a_repeated_order_is_not_echoed_again(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.send("D", peer.order(), 2, t43="Y", t122=peer.time())
    peer.alive()


def test_a_possible_duplicate_first_sent_after_it_was_sent_is_rejected_and_logged_out(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.order_echoed()
    peer.send("D", peer.order(), 2, t43="Y", t122=peer.time(10))
    peer.expect_reject(2, "SendingTime accuracy problem", 10, "D")
    peer.expect("5")
    peer.expect_nothing()
    peer.send("5")
    peer.expect_end()


def test_a_possible_duplicate_without_its_first_time_is_rejected_and_not_counted(peer: Counterparty) -> None:
    peer.order_echoed()
    peer.order_echoed()
    peer.send("D", peer.order(), 2, t43="Y")
    peer.expect_reject(2, "Required tag missing", 1, "D", 122)
    peer.alive()
    peer.log_out()


def test_a_rejected_resent_message_counts_and_the_early_ones_follow_in_order(peer: Counterparty) -> None:
    peer.send("1", [(112, "HELLO1")], 3)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("D", [*peer.order(), (126, "20040415")], 2, t43="Y", t122=peer.time())
    peer.expect_reject(2, "Incorrect data format for value", 6, "D", 126)
    peer.send("1", [(112, "HELLO2")], 4)
    peer.expect("0", {112: "HELLO1"})
    peer.expect("0", {112: "HELLO2"})
    peer.log_out(11)


# -- gap fill


def test_a_gap_fill_in_its_turn_moves_the_number_on(peer: Counterparty) -> None:
    peer.send("4", [(36, 20), (123, "Y")])
    peer.alive(20)
    peer.log_out(21)


def test_a_gap_fill_too_high_waits_and_the_missing_is_asked_for(peer: Counterparty) -> None:
    peer.send("4", [(36, 20), (123, "Y")], 10)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("1", [(112, "HELLO")], 20)
    peer.expect_nothing()
    peer.send("4", [(36, 10), (123, "Y")], 2, t43="Y", t122=peer.time())
    peer.expect("0", {112: "HELLO"})
    peer.log_out(21)


def test_a_logout_ends_a_session_with_an_open_gap(peer: Counterparty) -> None:
    peer.send("4", [(36, 20), (123, "Y")], 10)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("1", [(112, "HELLO")], 20)
    peer.log_out(2)


def test_a_gap_fill_too_low_is_ignored_as_a_duplicate_and_fatal_otherwise(peer: Counterparty) -> None:
    peer.send("4", [(36, 20), (123, "Y")], 1, t43="Y", t122=peer.time(-1))
    peer.alive()
    peer.send("4", [(36, 20), (123, "Y")], 1)
    peer.expect("5", {58: "MsgSeqNum too low, expecting 3 but received 1"})
    peer.expect_end()


def test_gap_fills_and_resent_messages_close_a_gap_together(peer: Counterparty) -> None:
    again = {"t43": "Y", "t122": peer.time(-10)}
    body = peer.order()
    peer.order_echoed()
    peer.send("0", number=7)
    peer.expect("2", {7: 3, 16: 0})
    peer.send("D", body, 3, **again)
    peer.expect("D", dict(body))
    peer.send("4", [(36, 5), (123, "Y")], 4, **again)
    peer.send("D", body, 5, **again)
    peer.expect("D", dict(body))
    peer.send("4", [(36, 7), (123, "Y")], 6, **again)
    peer.alive(8)
    peer.log_out(9)


# -- reset


def test_a_sequence_reset_forwards_moves_the_number_on_whatever_its_own(peer: Counterparty) -> None:
    peer.send("4", [(36, 25)], 0)
    peer.alive(25)
    peer.send("4", [(36, 50), (123, "N")], 0)
    peer.alive(50)
    peer.log_out(51)


def test_a_sequence_reset_to_the_expected_number_changes_nothing(peer: Counterparty) -> None:
    peer.send("4", [(36, 2)], 0)
    peer.alive(2)
    peer.send("4", [(36, 4), (123, "N")], 0)
    peer.alive(4)
    peer.log_out(5)


@pytest.mark.parametrize("flag", [[], [(123, "N")]])
def test_a_sequence_reset_backwards_is_rejected_and_changes_nothing(
    peer: Counterparty, flag: list[tuple[int, str]]
) -> None:
    peer.send("4", [(36, 1), *flag], 0)
    peer.expect_reject(0, "Value is incorrect (out of range) for this tag", 5, "4")
    peer.alive()
    peer.log_out()
