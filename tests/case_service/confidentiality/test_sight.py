"""Whom a case, its alerts and its history are shown to; what may not be seen is as if it were not there."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from case_service.confidentiality import sight
from surveillance.v1 import case_pb2, case_work_pb2
from tests.case_service.confidentiality.people import House, Person
from tests.case_service.fakes import Cases, acting, alert, alert_id

NOT_FOUND, DENIED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED
ACME = alert("a", accounts=("A1",), owners=("O1",))
BETA = alert("b", accounts=("B1", "B2"), owners=("O2",), instrument="BETA")
NOBODY = alert("c", accounts=(), owners=(), instrument="GAMMA")


async def alerts_of(person: Person) -> list[str]:
    return sorted(each.instrument for each in (await person.call("ListAlerts")).alerts)


async def sees_nothing_of(person: Person, case: case_pb2.Case, alert_name: str) -> None:
    """Whatever a person asks, the answer is that there is no such case, alert or record."""
    fields: dict[str, dict[str, Any]] = {
        "GetCase": {"case_id": case.case_id},
        "GetAlert": {"alert_id": alert_id(alert_name)},
        "CommentCase": {**acting(case), "actor": "", "text": "x"},
        "AssignCase": {**acting(case), "actor": "", "assignee": "x"},
    }
    for method, given in fields.items():
        assert (await person.refused(method, **given))[0] == NOT_FOUND, method
    assert (await person.refused("GetCase", case_id=str(case.number)))[0] == NOT_FOUND
    assert (await person.denied("GetConfidentiality", case_id=case.case_id))[0] == NOT_FOUND
    assert case.instrument not in await person.titles() + await alerts_of(person)
    listed = await person.call("ListCases", filter=f'alert_ids:"{alert_id(alert_name)}"')
    assert list(listed.cases) == []
    for subject in ("", case.case_id, alert_id(alert_name)):
        records = (await person.call("ListAuditRecords", subject=subject)).records
        assert [each for each in records if each.subject == case.case_id] == []


@pytest.mark.parametrize("few", [0, 5_000])
async def test_a_person_sees_the_cases_of_their_desks_alone(
    house: House, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "FEW", few)
    await house.cases.record(ACME, BETA, NOBODY)
    await house.desks(A1="equities", B2="rates")
    everything = await house.person("eve", "analyst")
    equities = await house.person("ed", "analyst", desks=("equities", "fx"))
    both = await house.person("bo", "analyst", desks=("equities", "rates"))
    none = await house.person("no", "analyst", desks=("",))
    assert await everything.titles() == ["ACME", "BETA", "GAMMA"]
    assert await equities.titles() == await alerts_of(equities) == ["ACME"]
    assert await both.titles() == ["ACME", "BETA"]
    assert await none.titles() == []
    await sees_nothing_of(equities, await house.case_of(BETA), "b")


async def test_a_change_of_desk_counts_at_once(house: House) -> None:
    await house.cases.record(ACME)
    await house.desks(A1="equities")
    rates = await house.person("ray", "viewer", desks=("rates",))
    assert await rates.titles() == []
    await house.desks(A1="rates")
    assert await rates.titles() == ["ACME"]


async def test_nobody_sees_a_case_about_themselves(house: House) -> None:
    await house.cases.record(ACME, BETA)
    subject = await house.person("O1", "analyst", "supervisor")
    assert await subject.titles() == ["BETA"]
    await sees_nothing_of(subject, await house.case_of(ACME), "a")


async def test_a_restricted_case_is_not_there_for_who_is_not_on_its_list(house: House) -> None:
    await house.cases.record(ACME, BETA)
    case = await house.case_of(ACME)
    lead = await house.person("lead", "supervisor")
    listed, other = await house.person("ann", "analyst"), await house.person("bob", "analyst", "supervisor", "admin")
    held = await lead.measure("RestrictCase", case.case_id, names=["ann"])
    assert (held.restricted, list(held.names), held.restricted_by) == (True, ["ann", "lead"], "lead")
    assert await listed.titles() == await lead.titles() == ["ACME", "BETA"]
    await sees_nothing_of(other, case, "a")
    restricted = await lead.call("GetCase", case_id=case.case_id)
    assert (await house.cases.call("ListCases")).cases[0].instrument == "BETA", "a service is on no list"
    await listed.call("CommentCase", case_id=case.case_id, etag=restricted.etag, text="seen")


async def test_reading_a_restricted_case_is_audited_and_reading_another_is_not(house: House) -> None:
    await house.cases.record(ACME, BETA)
    case, other = await house.case_of(ACME), await house.case_of(BETA)
    lead = await house.person("lead", "supervisor")
    await lead.measure("RestrictCase", case.case_id)
    for each in (case, other):
        await lead.call("GetCase", case_id=each.case_id)
    records = (await lead.call("ListAuditRecords")).records
    assert [(each.actor, each.subject) for each in records if each.action == "ReadCase"] == [("lead", case.case_id)]


async def test_a_link_to_a_restricted_case_is_not_shown(house: House) -> None:
    await house.cases.record(ACME, BETA)
    case, other = await house.case_of(ACME), await house.case_of(BETA)
    lead, bob = await house.person("lead", "supervisor"), await house.person("bob", "analyst")
    linked = await lead.call(
        "LinkCase",
        case_id=other.case_id,
        etag=other.etag,
        other_case_id=case.case_id,
        kind=case_work_pb2.LINK_KIND_RELATED,
        reason="same owner",
    )
    assert [each.case_id for each in linked.links] == [case.case_id]
    await lead.measure("RestrictCase", case.case_id)
    for fields in ({}, {"as_of_time_ns": house.cases.clock.now_ns}):
        assert list((await bob.call("GetCase", case_id=other.case_id, **fields)).links) == []
    assert len((await lead.call("GetCase", case_id=other.case_id)).links) == 1


async def test_an_alert_that_joins_a_restricted_case_is_restricted_with_it(house: House) -> None:
    await house.cases.record(ACME)
    lead, other = await house.person("lead", "supervisor"), await house.person("bob", "analyst")
    await lead.measure("RestrictCase", (await house.case_of(ACME)).case_id)
    await house.cases.record(alert("a2", accounts=("A1",), owners=("O1",)))
    assert await alerts_of(other) == []
    assert await alerts_of(lead) == ["ACME", "ACME"]


async def test_the_subjects_own_desk_is_not_let_in_even_by_the_list(house: House) -> None:
    await house.cases.record(ACME)
    await house.desks(A1="equities")
    case = await house.case_of(ACME)
    lead = await house.person("lead", "supervisor")
    await lead.measure("RestrictCase", case.case_id, names=["desk-head", "outsider"])
    own = await house.person("desk-head", "supervisor", desks=("equities", "fx"))
    outside = await house.person("outsider", "analyst", desks=("fx",))
    await sees_nothing_of(own, case, "a")
    assert await outside.titles() == ["ACME"]


async def watched(person: Person, method: str, count: int) -> list[str]:
    """Instruments of the first answers of a watch from the beginning."""
    request = getattr(case_pb2, f"{method}Request", None)
    assert request is not None
    call = getattr(person.stub, method)(request(cursor="0"), timeout=60)
    found = [(await anext(aiter(call))).case.instrument for _ in range(count)]
    call.cancel()
    return found


async def test_a_watch_leaves_out_what_may_not_be_seen_and_ends_with_a_grant(house: House) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    lead, other = await house.person("lead", "supervisor"), await house.person("bob", "analyst")
    await lead.measure("RestrictCase", case.case_id)
    await house.cases.record(BETA)
    assert await watched(other, "WatchCases", 1) == ["BETA"]
    waiting = asyncio.ensure_future(watched(other, "WatchCases", 2))
    await lead.measure("GrantAccess", case.case_id, name="bob")
    assert await asyncio.wait_for(waiting, 30) == ["BETA", "ACME"]


async def test_the_list_is_kept_by_those_on_it_and_by_an_administrator_for_others(house: House) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    lead, admin = await house.person("lead", "supervisor"), await house.person("root", "admin")
    await lead.measure("RestrictCase", case.case_id)
    asked = {"case_id": case.case_id, "reason": "lead is ill"}
    assert (await admin.denied("GetConfidentiality", case_id=case.case_id))[0] == NOT_FOUND
    assert await admin.denied("GrantAccess", **asked, name="root") == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "FOUR_EYES",
    )
    await admin.ask("GrantAccess", **asked, name="vera")
    vera = await house.person("vera", "supervisor")
    records = (await vera.call("ListAuditRecords", subject=case.case_id)).records
    assert '"without_sight":true' in records[-1].detail_json
    assert list((await vera.measure("RevokeAccess", case.case_id, name="lead")).names) == ["vera"]
    assert await lead.titles() == []
    held = await vera.ask("GetConfidentiality", case_id=case.case_id)
    last = await vera.denied("RevokeAccess", case_id=case.case_id, etag=held.etag, name="vera", reason="x")
    assert last == (grpc.StatusCode.FAILED_PRECONDITION, "LAST_ON_LIST")
    assert not (await vera.measure("LiftRestriction", case.case_id)).restricted
    assert await lead.titles() == ["ACME"]


async def test_an_analyst_cannot_restrict_and_the_attempt_is_audited(house: House) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    ann = await house.person("ann", "analyst")
    assert await ann.denied("RestrictCase", case_id=case.case_id, etag=case.etag, reason="x") == (
        DENIED,
        "ROLE_MISSING",
    )
    overseer = await house.person("overseer", "supervisor")
    (record,) = (await overseer.call("ListAuditRecords", subject="access")).records
    assert (record.actor, record.action) == ("ann", "RefuseCall")
    assert "RestrictCase" in record.detail_json


async def test_a_person_acts_as_themselves(house: House) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    ann = await house.person("ann", "analyst")
    code, reason, _ = await ann.refused("CommentCase", **{**acting(case), "actor": "bob"}, text="x")
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "ACTOR_NOT_CALLER")
    moved = await ann.call("AssignCase", case_id=case.case_id, etag=case.etag, assignee="ann")
    assert moved.assignee == "ann"
    (record,) = (await ann.call("ListAuditRecords", subject=case.case_id)).records[1:]
    assert record.actor == "ann"


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("LiftRestriction", {}, "NOT_RESTRICTED"),
        ("GrantAccess", {"name": "x"}, "NOT_RESTRICTED"),
        ("ReleaseHold", {"matter": "m"}, "NOT_HELD"),
    ],
)
async def test_a_measure_that_makes_no_sense_now_is_refused(
    house: House, method: str, fields: dict[str, str], expected: str
) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    lead = await house.person("lead", "supervisor")
    asked = {"case_id": case.case_id, "etag": case.etag, "reason": "x", **fields}
    assert await lead.denied(method, **asked) == (grpc.StatusCode.FAILED_PRECONDITION, expected)
    stale = await lead.denied(method, **{**asked, "etag": "old"})
    assert stale == (grpc.StatusCode.ABORTED, "STALE_ETAG")
    assert (await lead.denied(method, **{**asked, "reason": " "}))[1] == "FIELD_REQUIRED"


async def test_a_repeated_request_gets_its_first_answer(house: House) -> None:
    await house.cases.record(ACME)
    case = await house.case_of(ACME)
    lead = await house.person("lead", "supervisor")
    asked = {"case_id": case.case_id, "etag": case.etag, "reason": "x", "request_id": "r1"}
    assert await lead.ask("RestrictCase", **asked) == await lead.ask("RestrictCase", **asked)
    assert await lead.denied("RestrictCase", **{**asked, "reason": "y"}) == (
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    )


async def test_without_tokens_everything_is_seen(cases: Cases) -> None:
    await cases.record(ACME, BETA, NOBODY)
    assert len((await cases.call("ListCases")).cases) == 3
