"""Every verb in every state over the wire: what the contract allows is answered, everything else refused, and a stale
etag always loses."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from surveillance.v1 import case_pb2
from tests.case_service.fakes import Cases, acting, alert, running_cases
from tests.case_service.test_lifecycle import LEGAL, LEGAL_WHILE_PROPOSED, STAYING

REPORTED = {"disposition": case_pb2.DISPOSITION_REPORTED, "reason": "clear"}
FIELDS: dict[str, dict[str, Any]] = {
    "AssignCase": {"assignee": "bob"},
    "ReleaseCase": {"reason": "ill"},
    "StartReview": {},
    "EscalateCase": {"reason": "large"},
    "ReturnCase": {"reason": "small"},
    "CloseCase": {"disposition": case_pb2.DISPOSITION_WARNED, "reason": "told"},
    "ProposeClose": REPORTED,
    "ApproveClose": {},
    "RejectClose": {"reason": "unclear"},
    "WithdrawClose": {"reason": "hasty", "actor": "eve"},
    "ReopenCase": {"reason": "new facts"},
    "CommentCase": {"text": "seen"},
    "TagCase": {"add": ["seen"]},
    "CheckStep": {"step_id": "unknown"},
    "LinkCase": {"other_case_id": "2", "kind": 1, "reason": "same house"},
    "UnlinkCase": {"other_case_id": "2", "reason": "another house"},
    "AttachFile": {"name": "a.txt", "media_type": "text/plain", "content": b"a"},
}
METHODS = {"ProposeClose": "CloseCase"}
"""CloseCase as REPORTED proposes."""
PATHS: dict[str, list[str]] = {
    "OPEN": [],
    "ASSIGNED": ["AssignCase"],
    "IN_REVIEW": ["AssignCase", "StartReview"],
    "ESCALATED": ["AssignCase", "EscalateCase"],
    "CLOSED": ["AssignCase", "CloseCase"],
    "IN_REVIEW proposed": ["AssignCase", "StartReview", "ProposeClose"],
    "ESCALATED proposed": ["AssignCase", "EscalateCase", "ProposeClose"],
}
ANSWERED_BY_THE_EFFECT = {"CheckStep": grpc.StatusCode.NOT_FOUND, "UnlinkCase": grpc.StatusCode.NOT_FOUND}
"""The state allows them; what they name is not there."""


@pytest.fixture
async def desk(sqlite_database: Any) -> AsyncIterator[Cases]:
    async with running_cases(sqlite_database) as running:
        yield running


async def brought(desk: Cases, name: str) -> case_pb2.Case:
    """A new case in a state, proposals made by eve, and another case beside it (number 2)."""
    await desk.record(alert("a"), alert("b", owners=("O2",)))
    case = await desk.case_of(alert("a"))
    for verb in PATHS[name]:
        actor = "eve" if verb == "ProposeClose" else "ann"
        case = await desk.move(METHODS.get(verb, verb), case, **{"actor": actor, **FIELDS[verb]})
    return case


@pytest.mark.parametrize("name", PATHS)
async def test_every_verb_in_every_state_is_answered_or_refused_as_the_contract_says(desk: Cases, name: str) -> None:
    seen = await brought(desk, name)
    state, _, proposed = name.partition(" ")
    legal = LEGAL_WHILE_PROPOSED if proposed else LEGAL
    refused = {verb for verb in FIELDS if verb not in STAYING and (state, verb) not in legal}
    for verb in sorted(refused):
        code, reason, text = await desk.refused(METHODS.get(verb, verb), **{**acting(seen), **FIELDS[verb]})
        assert code == grpc.StatusCode.FAILED_PRECONDITION, verb
        assert reason in {"ILLEGAL_TRANSITION", "CLOSE_PENDING", "NO_CLOSE_PENDING"}, verb
        assert "expected" in text
    assert await desk.call("GetCase", case_id=seen.case_id) == seen, "a refusal changed the case"
    assert refused, "expected something to refuse in every state"


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        (name, verb)
        for name in PATHS
        for verb in FIELDS
        if verb in STAYING
        or (name.partition(" ")[0], verb) in (LEGAL_WHILE_PROPOSED if name.endswith("proposed") else LEGAL)
    ],
)
async def test_a_verb_that_is_allowed_is_refused_with_a_stale_etag_and_done_with_the_right_one(
    desk: Cases, name: str, verb: str
) -> None:
    seen = await brought(desk, name)
    method, fields = METHODS.get(verb, verb), {**acting(seen), **FIELDS[verb]}
    code, reason, _ = await desk.refused(method, **{**fields, "etag": "0" * 16})
    assert (code, reason) == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    if verb in ANSWERED_BY_THE_EFFECT:
        assert (await desk.refused(method, **fields))[0] == ANSWERED_BY_THE_EFFECT[verb]
        return
    case = await desk.call(method, **fields)
    state = name.partition(" ")[0]
    legal = LEGAL_WHILE_PROPOSED if name.endswith("proposed") else LEGAL
    following = state if verb in STAYING else legal[state, verb]
    assert (case_pb2.CaseState.Name(case.state), case.revision) == (f"CASE_STATE_{following}", seen.revision + 1)
    assert case.etag != seen.etag
