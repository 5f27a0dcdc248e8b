"""The dictionaries hold together, and say what the notation they are written in says."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.fix.codec import Field, Framer, Message, encode
from tapewatch.fix.dictionary import Problem, Reason, dictionary_for, validate
from tapewatch.fix.dictionary.layout import Dictionary, Layout
from tapewatch.fix.dictionary.reader import load
from tapewatch.fix.dictionary.values import is_well_formed
from tapewatch.fix.dictionary.versions import APPLICATION_FILES, SESSION_FILES

WHOLE = ("fix42", "fix44", "fix50sp2")
HEAD: list[Field] = [(49, "THEM"), (56, "US"), (34, 2), (52, "20260105-09:00:00")]


def layouts(layout: Layout) -> Iterator[Layout]:
    yield layout
    for group in layout.groups.values():
        yield from layouts(group.layout)


def message(msg_type: str, *body: Field, begin: str = "FIX.4.4") -> Message:
    (found,) = Framer().feed(encode(begin, [(35, msg_type), *HEAD, *body]))
    assert isinstance(found, Message)
    return found


def problem(msg_type: str, *body: Field, begin: str = "FIX.4.4", version: str = "9") -> Problem | None:
    return validate(message(msg_type, *body, begin=begin), dictionary_for(begin, msg_type, version))


@pytest.mark.parametrize("name", sorted({*SESSION_FILES.values(), *APPLICATION_FILES.values()}))
def test_every_dictionary_knows_its_session_and_its_header(name: str) -> None:
    dictionary = load(name)
    session = {"0", "1", "2", "3", "4", "5", "A"}
    assert session <= dictionary.messages.keys()
    assert dictionary.header.required == (8, 9, 34, 35, 49, 52, 56)
    assert dictionary.trailer.required == (10,)


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_of_a_message_is_defined_and_every_group_counts(name: str) -> None:
    dictionary = load(name)
    for kind, message_layout in dictionary.messages.items():
        for layout in layouts(message_layout):
            undefined = [tag for tag in layout.tags if not dictionary.is_defined(tag)]
            uncounted = [tag for tag in layout.groups if dictionary.types.get(tag) != "NUMINGROUP"]
            assert (kind, undefined, uncounted) == (kind, [], [])
            assert set(layout.required) <= layout.tags
            assert all(group.delimiter in group.layout.tags for group in layout.groups.values())


@pytest.mark.parametrize("name", WHOLE)
def test_every_listed_value_is_of_the_type_of_its_field(name: str) -> None:
    dictionary = load(name)
    wrong = {
        tag: value
        for tag, values in dictionary.enums.items()
        for value in values
        if not is_well_formed(dictionary.types.get(tag, ""), value)
    }
    assert wrong == {}


def test_a_base_is_added_to_and_replaced() -> None:
    older, newer = load("fix44"), load("fix50sp2")
    assert "Q" in newer.enums[40] - older.enums[40]
    assert 55 in older.messages["D"].required
    assert 55 in newer.messages["D"].tags - set(newer.messages["D"].required)
    assert 102 in older.enums.keys() - newer.enums.keys()
    assert "R" in load("fix40").messages
    assert "j" not in load("fix40").messages


@pytest.mark.parametrize(
    ("kind", "well_formed", "malformed"),
    [
        ("INT", ["0", "-12", "007"], ["+1", "1.0", "", "x"]),
        ("QTY", ["1", "-0.5", "5.", ".5", "002000.00"], ["+1", "1e5", ".", "-", "1,000", "NaN"]),
        ("SEQNUM", ["0", "12"], ["-1", "1.5"]),
        ("BOOLEAN", ["Y", "N"], ["y", "1", "YES"]),
        ("CHAR", ["a", "1"], ["ab", ""]),
        ("UTCTIMESTAMP", ["20260105-09:00:00", "20260105-09:00:00.123456789"], ["20260105", "20260135-09:00:00"]),
        ("UTCTIMEONLY", ["09:00:00", "23:59:60.5"], ["9:00:00", "24:00:00"]),
        ("LOCALMKTDATE", ["20260105"], ["20261305", "2026-01-05"]),
        ("MONTHYEAR", ["202601", "20260105", "202601w2"], ["202613", "2026"]),
        ("DAYOFMONTH", ["1", "31"], ["0", "32"]),
        ("STRING", ["anything", ""], []),
    ],
)
def test_a_value_is_of_its_type(kind: str, well_formed: list[str], malformed: list[str]) -> None:
    assert all(is_well_formed(kind, text) for text in well_formed)
    assert not any(is_well_formed(kind, text) for text in malformed)


PARTIES: tuple[Field, ...] = ((453, 2), (448, "A"), (447, "D"), (452, 1), (448, "B"), (447, "D"), (452, 3))
REPORT: tuple[Field, ...] = (
    *((37, "O"), (17, "E"), (150, "F"), (39, "1"), (55, "ABC"), (54, "1"), (38, 100), (44, "10.5"), (32, 5)),
    *((31, "10.5"), (151, 95), (14, 5), (6, "10.5"), (60, "20260105-09:00:00.123456")),
)
BOOK: tuple[Field, ...] = (
    *((262, "R"), (55, "ABC"), (268, 2), (269, "0"), (270, "10.5"), (271, "5"), (269, "1"), (270, "10.6"), (271, "7")),
)
TRADE: tuple[Field, ...] = (
    *((571, "T"), (570, "N"), (55, "ABC"), (32, 5), (31, "10.5"), (75, "20260105"), (60, "20260105-09:00:00")),
    *((552, 2), (54, "1"), (37, "O1")),
    *PARTIES,
    *((54, "2"), (37, "O2"), (1, "ACC")),
)


@pytest.mark.parametrize(("kind", "body"), [("8", (*REPORT, *PARTIES)), ("W", BOOK), ("AE", TRADE)])
@pytest.mark.parametrize(("begin", "version"), [("FIX.4.4", ""), ("FIXT.1.1", "9"), ("FIXT.1.1", "6")])
def test_messages_of_order_flow_market_data_and_trades_pass(
    kind: str, body: tuple[Field, ...], begin: str, version: str
) -> None:
    assert problem(kind, *body, begin=begin, version=version) is None


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("8", (*REPORT, (453, 3), *PARTIES[1:]), Problem(Reason.GROUP_COUNT, 453)),
        ("W", (*BOOK[:3], *BOOK[4:]), Problem(Reason.GROUP_ORDER, 270)),
        ("AE", (*TRADE[:-3], (54, "2"), (1, "ACC")), Problem(Reason.REQUIRED_MISSING, 37)),
        ("AE", (*TRADE, (1, "ACC")), Problem(Reason.REPEATED, 1)),
        ("D", ((5001, "x"),), Problem(Reason.REQUIRED_MISSING, 11)),
        ("ZZ", (), Problem(Reason.INVALID_TYPE)),
    ],
)
def test_a_mistake_inside_a_group_is_found(kind: str, body: tuple[Field, ...], expected: Problem) -> None:
    assert problem(kind, *body) == expected


def test_a_count_of_thousands_of_digits_is_wrong_and_not_computed() -> None:
    assert problem("W", *BOOK[:2], (268, "9" * 5000), *BOOK[3:]) == Problem(Reason.GROUP_COUNT, 268)


FIELDS = st.tuples(
    st.sampled_from(
        [8, 9, 10, 11, 34, 35, 40, 43, 52, 54, 55, 60, 78, 79, 80, 93, 122, 268, 269, 453, 448, 552, 802, 5000]
    ),
    st.one_of(st.sampled_from(["", "0", "1", "2", "-1", "Y", "20260105-09:00:00", "9" * 30]), st.text(max_size=3)),
)


@given(st.sampled_from(["0", "D", "8", "W", "AE", "k", "?"]), st.lists(FIELDS, max_size=12), st.sampled_from(WHOLE))
def test_whatever_a_message_holds_it_passes_or_is_refused(kind: str, fields: list[tuple[int, str]], name: str) -> None:
    found = validate(Message([(8, "FIX.4.4"), (9, "1"), (35, kind), *fields, (10, "000")]), load(name))
    assert found is None or isinstance(found.reason, Reason)


def test_an_extension_may_add_fields_to_any_message_and_entry_of_five() -> None:
    body = (*BOOK[:6], (1109, "x"), *BOOK[6:], (2446, "1"), (1500, "S"))
    assert problem("W", *body, begin="FIXT.1.1") is None
    assert problem("W", *body) == Problem(Reason.INVALID_TAG, 1109)


def test_older_versions_define_fewer_tags_and_types() -> None:
    older: Dictionary = load("fix40")
    assert not older.is_defined(150)
    assert problem("j", (45, 1), (372, "D"), (380, 3), begin="FIX.4.0") == Problem(Reason.INVALID_TYPE)
