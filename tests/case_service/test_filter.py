import contextlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_service.case import CaseState
from case_service.filter import (
    ALERT_FIELDS,
    CASE_FIELDS,
    OPERATORS,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Kind,
    Not,
    Pattern,
    parse,
)
from tapewatch.alert import Severity
from tapewatch.runtime.errors import InvalidArgument


def quoted(text: str) -> str:
    return '"' + re.sub(r'(["*\\])', r"\\\1", text) + '"'


def fields_of(expression: Expression) -> Iterator[str]:
    match expression:
        case Comparison():
            yield expression.field
        case Not(part):
            yield from fields_of(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from fields_of(part)


def test_the_filter_of_the_contract_is_read() -> None:
    assert parse('rule_id = "spoofing" AND severity >= HIGH AND instrument = "ACME"', ALERT_FIELDS) == (
        Comparison("rule_id", "=", "spoofing"),
        Comparison("severity", ">=", Severity.HIGH),
        Comparison("instrument", "=", "ACME"),
    )


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_blank_filter_has_no_conditions(text: str) -> None:
    assert parse(text, CASE_FIELDS) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("state = OPEN", CaseState.OPEN),
        ("state!=CASE_STATE_CLOSED", CaseState.CLOSED),
        ("disposition = NONE", 0),
        ("priority <= 2", 2),
        ("number > -3", -3),
        ("score >= .5", 0.5),
        ("score < 1e-3", 0.001),
        ("accounts:'A 1'", "A 1"),
        (r'title:"a \"b\" \\ c"', 'a "b" \\ c'),
        ("due_time_ns < 1772450000000000000", 1_772_450_000_000_000_000),
        ('due_time_ns < "2026-03-02T11:13:20Z"', 1_772_450_000_000_000_000),
        ('due_time_ns < "2026-03-02T12:13:20.000001+01:00"', 1_772_450_000_000_001_000),
    ],
)
def test_values_are_read_by_the_kind_of_their_field(text: str, value: object) -> None:
    (comparison,) = parse(text, CASE_FIELDS)
    assert isinstance(comparison, Comparison)
    assert comparison.value == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "at character 1: expected one of accounts, .*, found 'colour'"),
        ("state OPEN", "at character 7: expected = != after state, found 'OPEN'"),
        ("state > OPEN", "at character 7: expected = != after state, found '>'"),
        ("accounts = 'A'", "at character 10: expected : after accounts, found '='"),
        ("state = SHUT", "at character 9: expected OPEN, ASSIGNED, .* for state, found 'SHUT'"),
        ('state = "OPEN"', "at character 9: expected OPEN, ASSIGNED"),
        ("title = bare", "at character 9: expected a quoted text for title, found 'bare'"),
        ('title = "open', "at character 9: expected a closing quote, found '\"open'"),
        ('title = "a\0b"', "at character 9: expected a quoted text for title"),
        ("priority = 1.5", "at character 12: expected a whole number for priority, found '1.5'"),
        ("priority = 9223372036854775808", "at character 12: expected a whole number"),
        ("priority = 12x", "at character 12: expected a field, an operator or a value, found '12x'"),
        ("priority =", "at character 11: expected a whole number for priority, found 'the end'"),
        ("priority", "at character 9: expected = != < <= > >= after priority, found 'the end'"),
        ('due_time_ns < "2026-03-02T11:13:20"', "at character 15: expected nanoseconds, or a quoted UTC time"),
        ('due_time_ns < "9999-03-02T11:13:20Z"', "at character 15: expected nanoseconds, or a quoted UTC time"),
        ("state = OPEN and state = CLOSED", "at character 14: expected AND, OR or the end, found 'and'"),
        ("state = OPEN state = CLOSED", "at character 14: expected AND, OR or the end, found 'state'"),
        ("(state = OPEN", r"at character 14: expected AND, OR or \) for the \( at character 1, found 'the end'"),
        ("state = OPEN)", r"at character 13: expected AND, OR or the end, found '\)'"),
        ("()", r"at character 2: expected one of .*, found '\)'"),
        ("NOT", "at character 4: expected one of .*, found 'the end'"),
        ("state = OPEN OR", "at character 16: expected one of .*, found 'the end'"),
        (
            "(" * 9 + "state = OPEN" + ")" * 9,
            "at character 10: expected at most 8 parentheses and NOT",
        ),
        ("NOT " * 9 + "state = OPEN", "expected at most 8 parentheses and NOT within each other"),
        ("state = OPEN AND", "at character 17: expected one of .*, found 'the end'"),
        ("state = OPEN; DROP TABLE cases", "at character 13: expected a field, an operator or a value, found '; DROP"),
        (" AND ".join(["priority = 1"] * 21), "expected at most 20 comparisons"),
        ("x" * 2_001, "expected at most 2000 characters, found 2001"),
    ],
)
def test_what_cannot_be_read_is_refused_with_position_expected_and_found(text: str, complaint: str) -> None:
    with pytest.raises(InvalidArgument, match=complaint) as caught:
        parse(text, CASE_FIELDS)
    assert (caught.value.reason, caught.value.metadata["field"]) == ("INVALID_FILTER", "filter")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_as_a_filter(text: str) -> None:
    with contextlib.suppress(InvalidArgument):
        assert all(name in ALERT_FIELDS for each in parse(text, ALERT_FIELDS) for name in fields_of(each))


@given(
    st.lists(
        st.sampled_from(["NOT", "AND", "OR", "(", ")", "state = OPEN", "priority < 2", "title = '*'"]), max_size=30
    )
)
def test_any_arrangement_of_pieces_is_read_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(InvalidArgument):
        parse(" ".join(pieces), CASE_FIELDS)


OPEN, URGENT = Comparison("state", "=", CaseState.OPEN), Comparison("priority", "=", 1)
MINE = Comparison("assignee", "=", "ann")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state = OPEN OR priority = 1", (AnyOf((OPEN, URGENT)),)),
        ('assignee = "ann" AND state = OPEN OR priority = 1', (MINE, AnyOf((OPEN, URGENT)))),
        ('assignee = "ann" OR (state = OPEN AND priority = 1)', (AnyOf((MINE, AllOf((OPEN, URGENT)))),)),
        ("NOT state = OPEN", (Not(OPEN),)),
        ("NOT(state = OPEN OR priority = 1)", (Not(AnyOf((OPEN, URGENT))),)),
        ("((state = OPEN))", (OPEN,)),
    ],
)
def test_or_binds_before_and_and_parentheses_before_both(text: str, expected: object) -> None:
    assert parse(text, CASE_FIELDS) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('title = "a*c"', Pattern(("a", "c"))),
        ('title != "*"', Pattern(("", ""))),
        (r'title = "a\*c"', "a*c"),
        ('accounts:"A*"', Pattern(("A", ""))),
        ('title:"a*c"', "a*c"),
        ('title < "a*c"', "a*c"),
    ],
)
def test_a_star_stands_for_anything_where_equals_is_asked(text: str, value: object) -> None:
    (comparison,) = parse(text, CASE_FIELDS)
    assert isinstance(comparison, Comparison)
    assert comparison.value == value


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100))
def test_a_quoted_text_comes_out_as_it_was(text: str) -> None:
    assert parse(f"instrument = {quoted(text)}", ALERT_FIELDS) == (Comparison("instrument", "=", text),)


def test_every_kind_has_its_operators() -> None:
    assert set(OPERATORS) == set(Kind)
    assert len(OPERATORS) == len(Kind.__members__), "two kinds with one value are one"
