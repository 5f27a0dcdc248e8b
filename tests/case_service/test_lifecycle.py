import dataclasses

import pytest

from case_service.case import CaseState, Disposition, Pending, Work
from case_service.lifecycle import TRANSITIONS, Command, Verb, moved, possible
from tapewatch.runtime.errors import FailedPrecondition

LEGAL = {
    ("OPEN", "AssignCase"): "ASSIGNED",
    ("ASSIGNED", "AssignCase"): "ASSIGNED",
    ("IN_REVIEW", "AssignCase"): "ASSIGNED",
    ("ESCALATED", "AssignCase"): "ESCALATED",
    ("ASSIGNED", "ReleaseCase"): "OPEN",
    ("IN_REVIEW", "ReleaseCase"): "OPEN",
    ("ESCALATED", "ReleaseCase"): "ESCALATED",
    ("ASSIGNED", "StartReview"): "IN_REVIEW",
    ("ASSIGNED", "EscalateCase"): "ESCALATED",
    ("IN_REVIEW", "EscalateCase"): "ESCALATED",
    ("OPEN", "EscalateOverdue"): "ESCALATED",
    ("ASSIGNED", "EscalateOverdue"): "ESCALATED",
    ("IN_REVIEW", "EscalateOverdue"): "ESCALATED",
    ("ESCALATED", "ReturnCase"): "ASSIGNED",
    ("ASSIGNED", "CloseCase"): "CLOSED",
    ("IN_REVIEW", "CloseCase"): "CLOSED",
    ("ESCALATED", "CloseCase"): "CLOSED",
    ("IN_REVIEW", "ProposeClose"): "IN_REVIEW",
    ("ESCALATED", "ProposeClose"): "ESCALATED",
    ("CLOSED", "ReopenCase"): "OPEN",
    ("ASSIGNED", "CheckStep"): "ASSIGNED",
    ("IN_REVIEW", "CheckStep"): "IN_REVIEW",
    ("ESCALATED", "CheckStep"): "ESCALATED",
}
"""Without a proposal. Written out from the contract, not taken from the code's table."""
LEGAL_WHILE_PROPOSED = {
    ("IN_REVIEW", "ApproveClose"): "CLOSED",
    ("ESCALATED", "ApproveClose"): "CLOSED",
    ("IN_REVIEW", "RejectClose"): "IN_REVIEW",
    ("ESCALATED", "RejectClose"): "ESCALATED",
    ("IN_REVIEW", "WithdrawClose"): "IN_REVIEW",
    ("ESCALATED", "WithdrawClose"): "ESCALATED",
    ("IN_REVIEW", "EscalateOverdue"): "ESCALATED",
    ("IN_REVIEW", "CheckStep"): "IN_REVIEW",
    ("ESCALATED", "CheckStep"): "ESCALATED",
}
STAYING = ("CommentCase", "TagCase", "LinkCase", "UnlinkCase", "AttachFile")
"""In any state, with a proposal or without, and the state stays."""
PROPOSAL = Pending(Disposition.REPORTED, "clear", "eve", 7)


def command(verb: Verb, **changes: object) -> Command:
    usual = Command(
        verb=verb,
        case_id="c",
        etag="e",
        actor="eve" if verb is Verb.WITHDRAW_CLOSE else "ann",
        assignee="bob",
        disposition=Disposition.REPORTED if verb is Verb.PROPOSE_CLOSE else Disposition.WARNED,
        reason="because",
        text="seen",
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]  # the test's own fields


STANDINGS = [
    *((state, None) for state in CaseState),
    *((state, PROPOSAL) for state in (CaseState.IN_REVIEW, CaseState.ESCALATED)),
]
"""Every way a case can stand: a proposal is made and decided in two states only."""


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize(("state", "pending"), STANDINGS)
def test_every_verb_moves_exactly_where_the_contract_says(
    state: CaseState, verb: Verb, pending: Pending | None
) -> None:
    legal = LEGAL_WHILE_PROPOSED if pending else LEGAL
    following = state.name if verb.value in STAYING else legal.get((state.name, verb.value))
    before = Work(state, "bob", pending=pending)
    if following is not None:
        assert moved(before, command(verb)).state.name == following
        return
    with pytest.raises(FailedPrecondition) as caught:
        moved(before, command(verb))
    assert caught.value.reason in {"ILLEGAL_TRANSITION", "CLOSE_PENDING", "NO_CLOSE_PENDING"}
    assert "expected" in str(caught.value)
    assert "found" in str(caught.value)


def test_every_verb_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Verb)


def test_a_refusal_says_what_is_possible_instead() -> None:
    told = "ProposeClose|CloseCase as REPORTED: expected a case in IN_REVIEW, ESCALATED, found ASSIGNED; possible now: "
    with pytest.raises(FailedPrecondition, match=told):
        moved(Work(CaseState.ASSIGNED), command(Verb.PROPOSE_CLOSE))
    assert Verb.APPROVE_CLOSE in possible(CaseState.ESCALATED, pending=True)
    assert Verb.APPROVE_CLOSE not in possible(CaseState.ESCALATED)


def test_assigning_names_who_works_it_and_releasing_nobody() -> None:
    assigned = moved(Work(), command(Verb.ASSIGN))
    assert assigned == Work(CaseState.ASSIGNED, "bob")
    assert moved(assigned, command(Verb.RELEASE)) == Work()


def test_closing_keeps_the_assignee_and_says_how_and_why() -> None:
    before = Work(CaseState.IN_REVIEW, "bob")
    assert moved(before, command(Verb.CLOSE)) == Work(CaseState.CLOSED, "bob", Disposition.WARNED, "because")


def test_closing_as_reported_waits_for_somebody_else() -> None:
    before = Work(CaseState.IN_REVIEW, "bob")
    proposed = moved(before, command(Verb.PROPOSE_CLOSE), now_ns=5)
    assert proposed.pending == Pending(Disposition.REPORTED, "because", "ann", 5)
    with pytest.raises(FailedPrecondition, match="expected somebody else than ann") as caught:
        moved(proposed, command(Verb.APPROVE_CLOSE))
    assert caught.value.reason == "FOUR_EYES"
    approved = moved(proposed, command(Verb.APPROVE_CLOSE, actor="zoe", reason=""))
    assert approved == Work(CaseState.CLOSED, "bob", Disposition.REPORTED, "because")


def test_a_proposal_is_refused_by_somebody_else_and_taken_back_by_who_made_it() -> None:
    proposed = moved(Work(CaseState.ESCALATED, "bob"), command(Verb.PROPOSE_CLOSE))
    assert moved(proposed, command(Verb.REJECT_CLOSE, actor="zoe")) == Work(CaseState.ESCALATED, "bob")
    assert moved(proposed, command(Verb.WITHDRAW_CLOSE, actor="ann")) == Work(CaseState.ESCALATED, "bob")
    for verb, actor, reason in (
        (Verb.REJECT_CLOSE, "ann", "FOUR_EYES"),
        (Verb.WITHDRAW_CLOSE, "zoe", "NOT_THE_PROPOSER"),
    ):
        with pytest.raises(FailedPrecondition) as caught:
            moved(proposed, command(verb, actor=actor))
        assert caught.value.reason == reason


def test_returning_goes_to_who_is_named_or_who_had_it_and_to_nobody_not() -> None:
    before = Work(CaseState.ESCALATED, "bob")
    assert moved(before, command(Verb.RETURN, assignee="")) == Work(CaseState.ASSIGNED, "bob")
    assert moved(before, command(Verb.RETURN, assignee="carl")) == Work(CaseState.ASSIGNED, "carl")
    with pytest.raises(FailedPrecondition, match="expected an assignee"):
        moved(Work(CaseState.ESCALATED), command(Verb.RETURN, assignee=""))


def test_reopening_forgets_assignee_and_disposition() -> None:
    before = Work(CaseState.CLOSED, "bob", Disposition.WARNED, "because")
    assert moved(before, command(Verb.REOPEN)) == Work(CaseState.OPEN)
