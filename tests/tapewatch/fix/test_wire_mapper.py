"""Rows written straight from the bytes are those `map_message` gives, for every shipped profile and value."""

import hashlib
import os
import re
import subprocess
import sys
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tapewatch.engine_mode import VARIABLE
from tapewatch.fix.codec import Field, Message, encode, read_message
from tapewatch.fix.mapping import map_message
from tapewatch.fix.profile import Profile, load_profile, shipped_profiles
from tapewatch.fix.wire import plan
from tapewatch.fix.wire.mapper import COMPILED, Batch
from tapewatch.fix.wire.scan import scanned
from tapewatch.market.frame import Frame
from tests.conftest import CHECKOUT
from tests.tapewatch.fix.fix_peer import report_fields

SOURCE = "FIX.4.4:VENUE->US"
NOW_NS = 1_767_603_600_000_000_000
TIMES = ["20260105-09:00:00", "20260105-09:00:00.123456789012", "20260105-09:00:60Z", "20260105-09:00:00.5Z"]
NUMBERS = ["0", "100", "12.5", "-3", "+7", " 8", "1e3", "1_0", ".5", "5.", "nan", "inf", "", "x", "0.1", "-0",
           "00012.340", "123456789012345678", "9007199254740993", "0.000000000000000000000001",
           "1.7976931348623157e308",            "12345678901234567890", "0.3", "1.005", "99999.99999999"]  # fmt: skip
ODD_TIMES = [*TIMES, "20260230-09:00:00", "20240229-23:59:59.9", "soon", ""]
IDS = ["A1", "0", "NONE", "N/A", "[N/A]", "", "longer-than-any-placeholder", "a|b", "A1 "]
CODES = [*"0123456789ABCDEFGHIJKLPRYNZ", "", "10", "11", "AB"]
TEXTS = ["", "why", "price: 5", "ü", "x" * 1100]
VALUES: dict[int, list[str]] = {
    **dict.fromkeys((1, 11, 17, 19, 37, 41, 48, 50, 55, 57, 109, 198, 200, 201, 207, 30, 526, 527, 571, 572), IDS),
    **dict.fromkeys((375, 448, 880, 1003, 1301, 7928, 100), IDS),
    **dict.fromkeys((6, 14, 31, 32, 38, 44, 84, 99, 111, 151, 210, 1138), NUMBERS),
    **dict.fromkeys((20, 39, 40, 54, 59, 102, 103, 150, 378, 434, 528, 847, 851, 1057), CODES),
    **dict.fromkeys((15, 58), TEXTS),
    **dict.fromkeys((60, 122), ODD_TIMES),
    452: ["1", "3", "11", "17", "24", "36", "37", ""],
    453: ["0", "1", "2"],
    354: ["3"],
    555: ["1"],
    117: IDS,
    278: IDS,
    299: IDS,
    **dict.fromkeys((132, 133, 134, 135, 270, 271), NUMBERS),
    **dict.fromkeys((487, 2446), CODES),
    268: ["1", "2", "3", "0", "-1", "x"],
    552: ["1", "2", "3", "x"],
    295: ["1", "2", "99"],
    269: [*"0011222", "7", "", "10"],
    272: ["20260106", "20260230", ""],
    273: ["09:00:00", "09:00:00.5", "09:00", "soon", ""],
    279: ["0", "1", "2", ""],
    6001: ["own"],
}
GROUPED: dict[str, tuple[int, list[int]]] = {
    "AE": (552, [54, 37, 11, 1, 448, 452, 453, 1057, 851, 375, 58, 40, 6001]),
    "s": (552, [54, 11, 1, 448, 452, 453, 38, 44, 40, 58]),
    "i": (295, [299, 55, 48, 132, 133, 134, 135, 200]),
    "W": (268, [269, 270, 271, 272, 273, 278, 279, 55, 1003, 2446, 54]),
    "X": (268, [279, 269, 270, 271, 272, 273, 278, 55, 1003, 2446, 54]),
}
"""The count tag and likely tags of an entry, the first of which begins one."""
TYPES = ["8", "9", "D", "F", "G", "AB", "AC", "q", "s", "S", "AE", "W", "X", "f", "h", "0", "B", "d", "UX"]
PROFILES = {
    **{name: load_profile(name) for name in shipped_profiles()},
    "busy": Profile(
        name="busy",
        requests="new",
        dialect=150,
        session_account="venue",
        accounts_by_session={SOURCE: "HOUSE"},
        order_id_tags=(198, 37),
        previous_order_id_tags=(526,),
        venue_names={"A1": "XONE", "NONE": "", "": "XNIL"},
        default_venue="XDEF",
        instrument_suffix_tags=(200, 201),
        instrument_names={"A1": "ONE", "A1 0": "ONE-0", "": "NIL"},
        request_trader_tags=(50, 57),
        report_trader_tags=(57,),
        account_party_roles=("36", "24"),
        swap_client_ids=True,
        self_trade_prevention=({"tag": 7928, "values": ("A1", "0")}, {"tag": 378}),
    ),
}


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A message of likely fields with likely and odd values, in any order, some of them twice."""
    kind = draw(st.sampled_from(TYPES[:2] * 6 + TYPES))
    tags = draw(st.lists(st.sampled_from([*VALUES, 150, 150, 39, 17, 11, 41, 448, 452, 453]), max_size=24))
    fields: list[Field] = [(35, kind), (49, draw(st.sampled_from(["VENUE", "ü"]))), (56, "US")]
    fields += [(34, draw(st.sampled_from(["7", "0", "-2", "x"])))] if draw(st.integers(0, 9)) else []
    fields += [(52, TIMES[0])] if draw(st.integers(0, 9)) else []
    fields += [(tag, draw(st.sampled_from(VALUES[tag]))) for tag in tags]
    return received(fields)


@st.composite
def grouped_messages(draw: st.DrawFn) -> Message:
    """A message with a repeating group: likely entries, and odd ones."""
    kind = draw(st.sampled_from([*GROUPED, "S"]))
    count_tag, members = GROUPED.get(kind, (295, [132, 133, 134, 135, 299]))
    entry = st.lists(st.sampled_from([*members[3:], 60, 44, 571]), max_size=5, unique=True)
    tags: list[int] = draw(st.lists(st.sampled_from([117, 571, 17, 31, 32, 487, 60, 55, 453, 448, 452]), max_size=6))
    entries = draw(st.lists(entry, max_size=4).filter(bool) if draw(st.integers(0, 9)) else st.just([]))
    entries = [[*members[:3], *sorted(each)] if draw(st.integers(0, 9)) else each for each in entries]
    tags += [tag for each in entries for tag in each]
    fields: list[Field] = [(35, kind), (49, "VENUE"), (56, "US"), (34, "7"), (52, TIMES[0])]
    place = len(tags) - sum(map(len, entries))
    values = [(tag, draw(st.sampled_from(VALUES[tag][:1] * len(VALUES[tag]) + VALUES[tag]))) for tag in tags]
    fields += values[:place]
    fields += [(count_tag, str(len(entries)))] if draw(st.integers(0, 9)) else []
    fields += values[place:]
    return received([*fields, *draw(st.sampled_from([[], [(60, TIMES[1])], [(1, "A9"), (55, "ABC")]]))])


def received(fields: list[Field]) -> Message:
    """As it comes from the wire, empty values and all."""
    marked = [(tag, value if value != "" else "\x02") for tag, value in fields]
    text = re.sub(rb"^8=FIX.4.4\x019=\d+\x01|10=\d+\x01$", b"", encode("FIX.4.4", marked).replace(b"\x02", b""))
    raw = b"8=FIX.4.4\x019=%d\x01%b10=000\x01" % (len(text), text)
    message = scanned(raw)
    assert message is not None
    message.epoch = 20260105000
    return message


def expected(
    batch: list[Message], profile: Profile, now_ns: int = NOW_NS
) -> tuple[list[dict[str, object]], list[tuple[str, bool]]]:
    rows: list[dict[str, object]] = []
    notes: list[tuple[str, bool]] = []
    for message in batch:
        careful = read_message(message.raw, check_sum=False)
        careful.epoch = message.epoch
        found, note = map_message(careful, profile, SOURCE, now_ns)
        rows += found
        notes += [] if note is None else [(note, bool(found))]
    return list(Frame.from_rows(rows).rows()), notes


PLAIN_FIELDS: list[Field] = [(35, "8"), (49, "VENUE"), (56, "US"), (34, 2), (52, TIMES[0]), *report_fields("E1")]
PLAIN_REPORT = encode("FIX.4.4", PLAIN_FIELDS)


@pytest.mark.parametrize("name", PROFILES)
@settings(deadline=None, max_examples=60)
@given(st.lists(messages(), min_size=1, max_size=4))
@example([received(PLAIN_FIELDS)] * 70)
@example([received([(35, "8"), (49, "VENUE"), (56, "US"), (34, 2), (52, TIMES[0]), *report_fields("E1", t150="F")])])
def test_rows_and_notes_are_those_of_the_careful_mapping(name: str, batch: list[Message]) -> None:
    profile = PROFILES[name]
    rows, notes = expected(batch, profile)
    quick = Batch(profile)
    quick.add_all(batch, SOURCE, NOW_NS)
    frame, noted, types = quick.take()
    assert list(frame.rows()) == rows
    assert list(Frame.decode(frame.encode()).rows()) == rows
    assert (noted, sum(types.values())) == (notes, len(batch))


BOOK: list[Field] = [(268, 3), (269, "0"), (270, 9), (271, 5), (269, "1"), (270, 10), (271, 6), (269, "2"), (270, 9)]
LEVELS: list[Field] = [
    (268, 2),
    (279, "0"),
    (269, "0"),
    (55, "A"),
    (270, 9),
    (271, 5),
    (279, "2"),
    (269, "1"),
    (270, 8),
]
PRINTS: list[Field] = [(268, 2), (279, "0"), (269, "2"), (270, 9), (273, "09:00:00.5"), (279, "0"), (269, "7")]
SIDES: list[Field] = [
    (571, "R1"), (31, 9.5), (32, 100), (55, "ABC"), (60, TIMES[1]), (552, 2),
    (54, "1"), (37, "B"), (453, 1), (448, "BUYER"), (452, "24"), (1057, "Y"), (54, "2"), (37, "S"), (1, "SELLER"),
]  # fmt: skip
QUOTED: list[Field] = [(117, "Q"), (55, "ABC"), (132, 9), (134, 100), (133, 10), (135, 200)]
SEVERAL: dict[str, list[list[Field]]] = {
    "W": [BOOK, [*BOOK, *BOOK[1:]], PRINTS],
    "X": [LEVELS, PRINTS],
    "AE": [SIDES, [(487, "1"), (572, "R0"), *SIDES]],
    "s": [SIDES],
    "S": [QUOTED],
    "i": [[(117, "Q"), (296, 1), (302, "1"), (295, 2), (299, "E1"), *QUOTED[1:], (299, "E2"), (132, 8)]],
}
"""Messages that give several rows."""
HEAD: list[Field] = [(49, "VENUE"), (56, "US"), (34, 2), (52, TIMES[0])]
SEVERAL_MESSAGES = [encode("FIX.4.4", [(35, kind), *HEAD, *each]) for kind, found in SEVERAL.items() for each in found]


@pytest.mark.parametrize("name", PROFILES)
@settings(deadline=None, max_examples=40)
@given(st.lists(grouped_messages(), min_size=1, max_size=3))
@example([message for raw in SEVERAL_MESSAGES if (message := scanned(raw))])
def test_messages_of_several_rows_give_those_of_the_careful_mapping(name: str, batch: list[Message]) -> None:
    profile = PROFILES[name]
    rows, notes = expected(batch, profile)
    quick = Batch(profile)
    quick.add_all(batch, SOURCE, NOW_NS)
    frame, noted, types = quick.take()
    assert list(frame.rows()) == rows
    assert (noted, sum(types.values())) == (notes, len(batch))


@pytest.mark.skipif(not COMPILED, reason="the core is not compiled: nothing is quick")
def test_plain_messages_of_several_rows_do_not_take_the_careful_way(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [scanned(raw) for raw in SEVERAL_MESSAGES]
    count = len(expected([message for message in found if message], PROFILES["fix44"])[0])
    monkeypatch.setattr("tapewatch.fix.wire.mapper.map_message", refuse)
    batch = Batch(PROFILES["fix44"])
    for message in found:
        batch.add(message, SOURCE, NOW_NS)
    assert batch.row_count == count


def refuse(*_: object) -> None:
    raise AssertionError("a plain message took the careful way")


def test_a_batch_begins_anew_once_it_is_taken() -> None:
    batch = Batch(load_profile("fix44"))
    message = received(PLAIN_FIELDS)
    batch.add(message, SOURCE, NOW_NS)
    first, _, types = batch.take()
    batch.add(message, SOURCE, NOW_NS)
    assert (list(batch.take()[0].rows()), types) == (list(first.rows()), {"8": 1})
    assert (batch.take()[0].row_count, batch.take()[2]) == (0, {})


def test_every_shipped_profile_is_covered_but_the_one_for_logs_before_it_knows_the_log() -> None:
    assert [name for name, profile in PROFILES.items() if not plan.is_covered(profile)] == ["log"]


def test_every_key_of_a_profile_is_known_to_be_followed_or_not() -> None:
    assert set(Profile.model_fields) == plan.TOLD | plan.UNTOLD


@pytest.mark.skipif(not COMPILED, reason="the core is not compiled: nothing is quick")
def test_plain_reports_do_not_take_the_careful_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapewatch.fix.wire.mapper.map_message", refuse)
    batch = Batch(load_profile("fix44"))
    for fields in (PLAIN_FIELDS, [*PLAIN_FIELDS, (453, 1), (448, "T"), (452, "36"), (58, "why")]):
        batch.add(received(fields), SOURCE, NOW_NS)
    assert batch.row_count == 2


def printed(count: int) -> str:
    """The digest of the rows of many messages, the quick way forced."""
    digest = hashlib.sha256()
    for name, profile in PROFILES.items():
        choices = Random(name)
        batch = Batch(profile, is_quick=True)
        for _ in range(count):
            tags = choices.choices(list(VALUES), k=20)
            fields: list[Field] = [(tag, choices.choice(VALUES[tag])) for tag in tags]
            kind = choices.choice(["8", "8", "8", *TYPES])
            batch.add(received([(35, kind), (49, "VENUE"), (34, 7), (52, TIMES[0]), *fields]), SOURCE, NOW_NS)
        batch.add_all([message for raw in SEVERAL_MESSAGES if (message := scanned(raw))], SOURCE, NOW_NS)
        frame, notes, types = batch.take()
        digest.update(repr((list(frame.rows()), notes, sorted(types.items()))).encode())
    return f"{COMPILED} {digest.hexdigest()}"


@pytest.mark.skipif(not COMPILED, reason="the core is not compiled: there is nothing to compare")
def test_rows_are_the_same_compiled_and_interpreted() -> None:
    asking = "from tests.tapewatch.fix.test_wire_mapper import printed; print(printed(60))"
    environment = os.environ | {VARIABLE: "interpreted"}
    command = [sys.executable, "-c", asking]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.split() == ["False", printed(60).split()[1]], done.stderr
