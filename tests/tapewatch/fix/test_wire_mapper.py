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
}
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


def received(fields: list[Field]) -> Message:
    """As it comes from the wire, empty values and all."""
    marked = [(tag, value if value != "" else "\x02") for tag, value in fields]
    text = re.sub(rb"^8=FIX.4.4\x019=\d+\x01|10=\d+\x01$", b"", encode("FIX.4.4", marked).replace(b"\x02", b""))
    raw = b"8=FIX.4.4\x019=%d\x01%b10=000\x01" % (len(text), text)
    message = scanned(raw)
    assert message is not None
    message.epoch = 20260105000
    return message


def expected(batch: list[Message], profile: Profile) -> tuple[list[dict[str, object]], list[tuple[str, bool]]]:
    rows: list[dict[str, object]] = []
    notes: list[tuple[str, bool]] = []
    for message in batch:
        careful = read_message(message.raw, check_sum=False)
        careful.epoch = message.epoch
        found, note = map_message(careful, profile, SOURCE, NOW_NS)
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
    def refuse(*_: object) -> None:
        raise AssertionError("a plain report took the careful way")

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
