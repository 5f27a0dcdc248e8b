"""What surrounds a message: garbled bytes, BeginString, CompIDs, SendingTime, MsgType and routing."""

from typing import Any

import pytest

from tapewatch.fix.codec import Field
from tests.tapewatch.fix.conformance.counterparty import Counterparty, raw


def written(peer: Counterparty, kind: str, body: list[Field], number: int) -> list[Field]:
    return [*peer.head(kind, number), *body]


@pytest.mark.parametrize("damage", ["tag", "check sum", "short check sum"])
def test_a_garbled_message_is_ignored_and_its_number_not_counted(peer: Counterparty, damage: str) -> None:
    begin = peer.version.begin_string
    if damage == "tag":
        good = raw(begin, written(peer, "0", [], 2))
        bad = good.replace(b"\x0149=", b"\x014garbled9=")
        peer.write(bad)
    else:
        peer.write(raw(begin, written(peer, "0", [], 2), check_sum="256" if damage == "check sum" else "0"))
    peer.alive()
    peer.log_out()


def test_a_number_lost_to_garbling_is_asked_for(peer: Counterparty) -> None:
    begin, body = peer.version.begin_string, peer.order()
    peer.write(raw(begin, written(peer, "D", body, 2), check_sum="256"))
    peer.send("0", number=3)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("D", body, 2)
    peer.expect("D", dict(body))
    peer.log_out(4)


def test_a_body_length_too_short_loses_that_message_only(peer: Counterparty) -> None:
    body = peer.order()
    peer.write(raw(peer.version.begin_string, written(peer, "D", body, 2), length=30))
    peer.send("D", body, 3)
    peer.expect("2", {7: 2, 16: 0})
    peer.send("D", body, 2, t122=peer.time())
    peer.expect("D", dict(body))
    peer.expect("D", dict(body))
    peer.log_out(4)


def test_a_body_length_too_long_takes_the_next_message_along(peer: Counterparty) -> None:
    body = peer.order()
    exact = len(raw("", written(peer, "D", body, 2))) - len(raw("", []))
    peer.write(raw(peer.version.begin_string, written(peer, "D", body, 2), length=exact + 16))
    peer.send("D", body, 3)
    peer.expect_nothing()
    peer.order_echoed(2)
    peer.order_echoed(3)
    peer.log_out(4)


def test_the_first_three_fields_must_be_in_their_order(peer: Counterparty) -> None:
    head = b"34=2\x0149=%b\x0152=%b\x0156=ISLD\x01" % (peer.version.target.encode(), peer.time().encode())
    begin = peer.version.begin_string.encode()
    peer.write(b"35=0\x018=" + begin + b"\x019=29\x01" + head + b"10=121\x01")
    peer.alive(2)
    third = [field for field in peer.head("0", 3) if field[0] != 35]
    peer.write(raw(peer.version.begin_string, [third[0], (35, "0"), *third[1:]]))
    peer.alive(3)
    peer.log_out(4)


@pytest.mark.parametrize("answers", [True, False])
def test_another_begin_string_is_logged_out(peer: Counterparty, answers: bool) -> None:
    peer.send("1", [(112, "id")], begin="FIX.4.1")
    peer.expect("5", {58: "Incorrect BeginString"})
    peer.expect_nothing()
    if answers:
        peer.send("5")
    else:
        peer.wait(3)
    peer.expect_end()
    peer.reconnect()
    peer.logon()
    peer.log_out()


@pytest.mark.parametrize("changes", [{"t49": "WT"}, {"t56": "DLSI"}, {"t49": "WT", "t56": "DLSI"}])
def test_a_wrong_comp_id_is_rejected_and_logged_out(peer: Counterparty, changes: dict[str, Any]) -> None:
    peer.send("D", peer.order(), **changes)
    peer.expect_reject(2, "CompID problem", 9, "D")
    peer.expect("5")
    peer.expect_nothing()
    peer.send("5", number=3)
    peer.expect_end()


@pytest.mark.parametrize("seconds", [-121, 121])
def test_a_sending_time_off_by_two_minutes_is_rejected_and_logged_out(peer: Counterparty, seconds: int) -> None:
    peer.send("0", t52=peer.time(seconds))
    peer.expect_reject(2, "SendingTime accuracy problem", 10, "0")
    peer.expect("5")
    peer.expect_nothing()
    peer.send("5", number=3)
    peer.expect_end()


@pytest.mark.parametrize("seconds", [-119, 119])
def test_a_sending_time_within_two_minutes_is_taken(peer: Counterparty, seconds: int) -> None:
    peer.send("0", t52=peer.time(seconds))
    peer.alive()


def test_a_type_no_version_has_is_rejected(peer: Counterparty) -> None:
    peer.send("*")
    peer.expect_reject(2, "Invalid MsgType", 11, "*")
    peer.log_out()


def test_a_type_the_application_does_not_take_is_a_business_reject(peer: Counterparty) -> None:
    report: list[Field] = [(37, "id"), (17, "id"), (150, "0"), (39, "0"), (55, "WLRI"), (54, "1"), (151, "100")]
    dialect: list[Field] = [(20, "0")] if peer.version.begin_string == "FIX.4.2" else []
    peer.send("8", [*report, (14, "0"), (6, "0.0"), *dialect])
    peer.expect("j", {45: 2, 58: "Unsupported Message Type", 372: "8", 380: 3})
    peer.log_out()


def test_a_session_told_which_types_the_application_takes_refuses_the_others(peer: Counterparty) -> None:
    told = Counterparty(peer.version, peer.delivery, message_types=frozenset("D"))
    told.logon()
    told.order_echoed()
    told.send("H", [(11, "ID"), (54, "1"), (55, "INTC")])
    told.expect("j", {45: 3, 58: "Unsupported Message Type", 372: "H", 380: 3})
    told.log_out()


ROUTES = [
    ({"t115": "JCD"}, {"t128": "JCD"}),
    ({"t128": "JCD"}, {"t115": "JCD"}),
    ({"t115": "JCD", "t116": "CS"}, {"t128": "JCD", "t129": "CS"}),
    ({"t128": "JCD", "t129": "CS"}, {"t115": "JCD", "t116": "CS"}),
    ({"t115": "JCD", "t116": "CS", "t144": "CHI"}, {"t128": "JCD", "t129": "CS", "t145": "CHI"}),
    ({"t128": "JCD", "t129": "CS", "t145": "CHI"}, {"t115": "JCD", "t116": "CS", "t144": "CHI"}),
    ({"t50": "DESK"}, {"t57": "DESK"}),
]


@pytest.mark.parametrize(("sent", "answered"), ROUTES)
def test_a_reject_turns_the_routing_round(peer: Counterparty, sent: dict[str, Any], answered: dict[str, str]) -> None:
    peer.send("D", peer.order((40, "w")), **sent)
    peer.expect_reject(2, "Value is incorrect (out of range) for this tag", 5, "D", 40, **answered)
    peer.log_out()


@pytest.mark.parametrize(
    ("sent", "empty", "answered"),
    [
        ({"t115": ""}, 115, {}),
        ({"t128": ""}, 128, {}),
        ({"t115": "JCD", "t116": ""}, 116, {"t128": "JCD"}),
        ({"t128": "JCD", "t129": ""}, 129, {"t115": "JCD"}),
        ({"t115": "JCD", "t116": "CS", "t144": ""}, 144, {"t128": "JCD", "t129": "CS"}),
        ({"t128": "JCD", "t129": "CS", "t145": ""}, 145, {"t115": "JCD", "t116": "CS"}),
    ],
)
def test_an_empty_routing_field_is_rejected_and_not_turned_round(
    peer: Counterparty, sent: dict[str, Any], empty: int, answered: dict[str, str]
) -> None:
    peer.send("D", peer.order((40, "w")), **sent)
    peer.expect_reject(2, "Tag specified without a value", 4, "D", empty, **answered)
    peer.log_out()
