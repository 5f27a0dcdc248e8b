"""What the dictionaries demand: tags, values, formats, places, repetitions and groups; the answer is a Reject."""

import pytest

from tapewatch.fix.codec import Field
from tests.tapewatch.fix.conformance.counterparty import VERSIONS, Counterparty, Delivery, raw

DEFINITION: list[Field] = [(320, "R1"), (322, "A1"), (323, 6), (55, "TBS"), (22, "8"), (167, "CS"), (58, "none found")]


@pytest.mark.parametrize("tag", [999, 0, -1, 5000])
def test_a_tag_no_version_defines_is_rejected(peer: Counterparty, tag: int) -> None:
    peer.send("0", [(tag, "HI")])
    peer.expect_reject(2, "Invalid tag number", 0, "0", tag)
    peer.log_out()


def test_a_required_header_field_missing_is_rejected_and_the_session_goes_on(peer: Counterparty) -> None:
    peer.send("0", t56=None)
    peer.expect_reject(2, "Required tag missing", 1, "0", 56)
    peer.alive()
    peer.log_out()


@pytest.mark.parametrize("tag", [11, 40, 54])
def test_a_required_body_field_missing_is_rejected(peer: Counterparty, tag: int) -> None:
    peer.send("D", peer.order(without=[tag]))
    peer.expect_reject(2, "Required tag missing", 1, "D", tag)
    peer.log_out()


def test_the_symbol_is_required_before_five_and_not_after(peer: Counterparty) -> None:
    body = peer.order(without=[55])
    peer.send("D", body)
    if peer.version.is_fixt:
        peer.expect("D", dict(body))
    else:
        peer.expect_reject(2, "Required tag missing", 1, "D", 55)
    peer.log_out()


@pytest.mark.parametrize(("kind", "missing"), [("1", 112), ("2", 7), ("3", 45), ("4", 36)])
def test_a_required_field_of_an_administrative_message_is_demanded(peer: Counterparty, kind: str, missing: int) -> None:
    peer.send(kind, [(16, 0)] if kind == "2" else [])
    peer.expect_reject(2, "Required tag missing", 1, kind, missing)
    peer.alive(2 if kind == "4" else 3)


def test_a_tag_not_of_this_message_is_rejected(peer: Counterparty) -> None:
    tag = 58
    peer.send("0", [(tag, "MSFT")])
    peer.expect_reject(2, "Tag not defined for this message type", 2, "0", tag)
    peer.send("D", [*peer.order(), (41, "X")])
    peer.expect_reject(3, "Tag not defined for this message type", 2, "D", 41)
    peer.log_out()


def test_a_tag_without_a_value_is_rejected(peer: Counterparty) -> None:
    peer.send("0", t56="")
    peer.expect_reject(2, "Tag specified without a value", 4, "0", 56)
    peer.send("D", peer.order((55, "")))
    peer.expect_reject(3, "Tag specified without a value", 4, "D", 55)
    peer.log_out()


@pytest.mark.parametrize(("tag", "value"), [(21, "4"), (167, "BOO"), (40, "w"), (54, "Z"), (59, "x"), (18, "1 !")])
def test_a_value_that_is_none_of_the_listed_is_rejected(peer: Counterparty, tag: int, value: str) -> None:
    peer.send("D", peer.order((tag, value)))
    peer.expect_reject(2, "Value is incorrect (out of range) for this tag", 5, "D", tag)
    peer.log_out()


@pytest.mark.parametrize(("tag", "value"), [(167, "FUT"), (38, "002000.00"), (18, "1 G"), (44, "-.5"), (110, "9")])
def test_values_of_a_field_are_taken(peer: Counterparty, tag: int, value: str) -> None:
    body = peer.order((tag, value))
    peer.send("D", body)
    peer.expect("D", dict(body))
    peer.log_out()


@pytest.mark.parametrize(
    ("tag", "value"),
    [(38, "+200.00"), (38, "1e5"), (44, "."), (60, "20260105"), (126, "yesterday"), (114, "1"), (54, "12"), (111, "x")],
)
def test_a_value_of_the_wrong_format_is_rejected(peer: Counterparty, tag: int, value: str) -> None:
    peer.send("D", peer.order((tag, value)))
    peer.expect_reject(2, "Incorrect data format for value", 6, "D", tag)
    peer.log_out()


def test_header_body_and_trailer_must_be_in_their_order(peer: Counterparty) -> None:
    kind, number, *head = peer.head("D")
    body = peer.order()
    begin = peer.version.begin_string
    peer.write(raw(begin, [kind, *body, number, *head]))
    peer.expect_reject(2, "Tag specified out of required order", 14, "D", 34)
    kind, number, *head = peer.head("D")
    peer.write(raw(begin, [kind, body[0], number, *head, *body[1:]]))
    peer.expect_reject(3, "Tag specified out of required order", 14, "D", 34)
    peer.send("D", [*body, (93, 1), (89, "s"), (58, "behind the trailer")])
    peer.expect_reject(4, "Tag specified out of required order", 14, "D", 58)
    peer.log_out()


def test_fields_of_the_header_and_the_body_may_stand_in_any_order(peer: Counterparty) -> None:
    body = peer.order()
    kind, number, sender, sent, target = peer.head("D")
    peer.write(raw(peer.version.begin_string, [kind, sender, number, target, sent, *reversed(body)]))
    peer.expect("D", dict(body))
    peer.log_out()


@pytest.mark.parametrize("place", [2, 3, 6])
def test_a_tag_given_twice_is_rejected(peer: Counterparty, place: int) -> None:
    body = peer.order()
    body.insert(place, (40, "2"))
    peer.send("D", body)
    peer.expect_reject(2, "Tag appears more than once", 13, "D", 40)
    peer.send("0", t50="A", t57="B")
    peer.write(raw(peer.version.begin_string, [*peer.head("0"), (50, "A"), (50, "B")]))
    peer.expect_reject(4, "Tag appears more than once", 13, "0", 50, t57="A")
    peer.log_out()


# -- groups


def with_group(peer: Counterparty, *group: Field) -> list[Field]:
    return [*peer.order(without=[60]), *group, (60, peer.time())]


@pytest.mark.parametrize("count", [1, 3])
def test_a_group_count_that_is_not_the_number_of_entries_is_rejected(peer: Counterparty, count: int) -> None:
    peer.send("D", with_group(peer, (386, count), (336, "PRE-OPEN"), (336, "AFTER-HOURS")))
    peer.expect_reject(2, "Incorrect NumInGroup count for repeating group", 16, "D", 386)
    peer.log_out()


def test_a_group_with_its_entries_is_taken(peer: Counterparty) -> None:
    group: list[Field] = [(386, 2), (336, "PRE-OPEN"), (336, "AFTER-HOURS")]
    peer.send("D", with_group(peer, *group))
    assert [entry.get(336) for entry in peer.answers[0].entries(386)] == ["PRE-OPEN", "AFTER-HOURS"]


def test_a_group_that_does_not_begin_with_its_first_field_is_rejected(peer: Counterparty) -> None:
    peer.send("D", with_group(peer, (78, 2), (80, 50), (79, "one"), (80, 150), (79, "two")))
    peer.expect_reject(2, "Repeating group fields out of order", 15, "D", 80)
    peer.log_out()


def test_fields_of_a_group_out_of_order_are_rejected(delivery: Delivery) -> None:
    peer = Counterparty(VERSIONS[1], delivery)
    peer.logon()
    peer.send("D", with_group(peer, (453, 1), (448, "A"), (452, 1), (447, "D")))
    peer.expect_reject(2, "Repeating group fields out of order", 15, "D", 447)
    peer.log_out()


def test_a_group_of_no_entries_is_taken(peer: Counterparty) -> None:
    count = (393, 0) if peer.version.begin_string == "FIX.4.2" else (454, 0)
    body = [*DEFINITION, count]
    peer.send("d", body)
    peer.expect("d", dict(body))
    peer.log_out()


def test_a_group_inside_a_group_is_looked_at_too(delivery: Delivery) -> None:
    peer = Counterparty(VERSIONS[1], delivery)
    peer.logon()
    parties: list[Field] = [(453, 1), (448, "A"), (447, "D"), (452, 1), (802, 2), (523, "S"), (803, 1)]
    peer.send("D", with_group(peer, *parties))
    peer.expect_reject(2, "Incorrect NumInGroup count for repeating group", 16, "D", 802)
    peer.log_out()


# -- the session's own tags, versions and data


def test_tags_of_the_session_are_taken_where_it_names_them(peer: Counterparty) -> None:
    named = Counterparty(peer.version, peer.delivery, user_tags=frozenset({5001}))
    named.logon()
    body = named.order((5001, "ours"))
    named.send("D", body)
    named.expect("D", dict(body))
    named.send("D", named.order((5002, "whose?")))
    named.expect_reject(3, "Invalid tag number", 0, "D", 5002)


def test_any_user_tag_is_taken_where_the_session_says_so(peer: Counterparty) -> None:
    lenient = Counterparty(peer.version, peer.delivery, any_user_tag=True)
    lenient.logon()
    body = lenient.order((5002, "x"), (9999, "y"))
    lenient.send("D", body)
    lenient.expect("D", dict(body))
    lenient.send("0", [(999, "HI")])
    lenient.expect_reject(3, "Invalid tag number", 0, "0", 999)


def test_a_data_field_may_hold_the_delimiter(peer: Counterparty) -> None:
    body: list[Field] = [*peer.order(), (354, 7), (355, b"a\x01=8=F\x01")]
    peer.send("D", body)
    peer.expect("D", {tag: value.decode() if isinstance(value, bytes) else value for tag, value in body})
    peer.log_out()


def test_a_message_may_state_its_own_application_version(delivery: Delivery) -> None:
    peer = Counterparty(VERSIONS[2], delivery)
    peer.logon()
    peer.send("D", peer.order(without=[55]), t1128="6")
    peer.expect_reject(2, "Required tag missing", 1, "D", 55)
    body = peer.order(without=[55])
    peer.send("D", body, t1128="9")
    peer.expect("D", {**dict(body), 1128: "9"})
    peer.log_out()
