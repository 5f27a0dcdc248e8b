import dataclasses

import pytest

from case_service.case import CaseState, Disposition, Work
from case_service.lifecycle import TRANSITIONS, Command, Verb, check, moved
from tapewatch.runtime.errors import FailedPrecondition, InvalidArgument

LEGAL = {
    ("OPEN", "AssignCase"): "ASSIGNED",
    ("ASSIGNED", "AssignCase"): "ASSIGNED",
    ("ASSIGNED", "StartReview"): "IN_REVIEW",
    ("ASSIGNED", "EscalateCase"): "ESCALATED",
    ("IN_REVIEW", "EscalateCase"): "ESCALATED",
    ("ASSIGNED", "CloseCase"): "CLOSED",
    ("IN_REVIEW", "CloseCase"): "CLOSED",
    ("ESCALATED", "CloseCase"): "CLOSED",
    ("CLOSED", "ReopenCase"): "OPEN",
}
"""Written out from the contract, not taken from the code's table."""


def command(verb: Verb, **changes: object) -> Command:
    usual = Command(
        verb=verb,
        case_id="c",
        etag="e",
        actor="ann",
        assignee="bob",
        disposition=Disposition.WARNED,
        reason="because",
        text="seen",
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]  # the test's own fields


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.COMMENT])
@pytest.mark.parametrize("state", CaseState)
def test_every_verb_moves_exactly_where_the_contract_says(state: CaseState, verb: Verb) -> None:
    following = LEGAL.get((state.name, verb.value))
    if following is not None:
        assert moved(Work(state), command(verb)).state.name == following
        return
    with pytest.raises(FailedPrecondition, match=f"{verb.value}: expected a case in .*, found {state.name}; possible"):
        moved(Work(state), command(verb))


@pytest.mark.parametrize("state", CaseState)
def test_a_comment_changes_no_state(state: CaseState) -> None:
    before = Work(state, "bob", Disposition.WARNED, "because")
    assert moved(before, command(Verb.COMMENT)) == before


def test_every_verb_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Verb)


def test_assigning_names_who_works_it() -> None:
    assert moved(Work(), command(Verb.ASSIGN)) == Work(CaseState.ASSIGNED, "bob")


def test_closing_keeps_the_assignee_and_says_how_and_why() -> None:
    before = Work(CaseState.IN_REVIEW, "bob")
    assert moved(before, command(Verb.CLOSE)) == Work(CaseState.CLOSED, "bob", Disposition.WARNED, "because")


def test_reopening_forgets_assignee_and_disposition() -> None:
    before = Work(CaseState.CLOSED, "bob", Disposition.WARNED, "because")
    assert moved(before, command(Verb.REOPEN)) == Work(CaseState.OPEN)


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        *[(verb, name) for verb in Verb for name in ("case_id", "etag", "actor")],
        (Verb.ASSIGN, "assignee"),
        (Verb.ESCALATE, "reason"),
        (Verb.CLOSE, "reason"),
        (Verb.CLOSE, "disposition"),
        (Verb.REOPEN, "reason"),
        (Verb.COMMENT, "text"),
    ],
)
def test_what_a_verb_needs_is_asked_for_by_name(verb: Verb, field: str) -> None:
    missing = Disposition.NONE if field == "disposition" else " "
    with pytest.raises(InvalidArgument, match=f"{verb.value}: expected {field}, found none") as caught:
        check(command(verb, **{field: missing}))
    assert caught.value.metadata == {"field": field}


@pytest.mark.parametrize(
    ("field", "text"), [("reason", "x" * 4_001), ("actor", "x" * 201), ("request_id", "x" * 201), ("text", "a\0b")]
)
def test_a_text_that_is_too_long_or_has_a_nul_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"expected {field} of at most"):
        check(command(Verb.COMMENT, **{field: text}))


def test_a_whole_command_passes() -> None:
    for verb in Verb:
        check(command(verb))
