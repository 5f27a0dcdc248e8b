"""Closed cases are erased when the policy says so and nothing holds them; what is left proves what was."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from sqlalchemy import LargeBinary, Text

from case_service.confidentiality import erasure
from case_service.confidentiality import tables as confidential
from case_service.confidentiality.retention import NANOSECONDS_OF_DAY, RetentionSettings
from case_service.evidence.vault import Vault
from case_service.store.tables import metadata
from surveillance.v1 import case_pb2
from tests.case_service.confidentiality.people import House, Person, opened_house
from tests.case_service.fakes import FakeClock, alert, alert_id, later

YEARS_5_NS = 1_827 * NANOSECONDS_OF_DAY
SECRET = ("Zaphod", "Beeblebrox")
ABOUT = alert(
    "a", accounts=(SECRET[0],), owners=(SECRET[1],), order_ids=("order-Zaphod",), explanation="Zaphod spoofed."
)


async def closed(house: House, named: Any = ABOUT, disposition: int = case_pb2.DISPOSITION_NO_ACTION) -> case_pb2.Case:
    """A case that was worked and closed, with the subject's name wherever a name may stand."""
    await house.cases.record(named)
    ann = await house.person("ann", "analyst", "supervisor")
    case = await ann.case_of(named)
    case = await ann.call("AssignCase", case_id=case.case_id, etag=case.etag, assignee="ann", request_id="r-Zaphod")
    case = await ann.call("CommentCase", case_id=case.case_id, etag=case.etag, text="Called Zaphod.")
    ended: case_pb2.Case = await ann.call(
        "CloseCase", case_id=case.case_id, etag=case.etag, disposition=disposition, reason="Zaphod explained it."
    )
    return ended


async def erase(house: House, **fields: Any) -> Any:
    admin = await house.person("root", "admin")
    return await admin.ask("EraseCases", **{"reason": "annual erasure", **fields})


async def test_a_closed_case_is_erased_after_its_time_and_the_chain_still_verifies(house: House) -> None:
    case = await closed(house)
    house.cases.clock.advance(YEARS_5_NS - 1)
    assert (await erase(house)).cases == 0
    house.cases.clock.advance(1)
    told = await erase(house, dry_run=True)
    assert (list(told.case_ids), told.cases, told.more) == ([case.case_id], 1, False)
    assert (await erase(house)).cases == 1
    assert (await erase(house)).cases == 0
    ann = await house.person("ann", "analyst", "supervisor")
    left = await ann.call("GetCase", case_id=case.case_id)
    assert (left.title, left.state, left.disposition) == (erasure.ERASED, case_pb2.CASE_STATE_CLOSED, case.disposition)
    assert SECRET[0] not in str(left) + str(await ann.call("GetAlert", alert_id=alert_id("a")))
    records = (await ann.call("ListAuditRecords", subject=case.case_id)).records
    assert [each.action for each in records] == [
        *("OpenCase", "AssignCase", "CommentCase", "CloseCase"),
        "EraseCase",
    ]
    assert [bool(each.content_hash) for each in records] == [True] * 4 + [False]
    assert (records[-1].actor, records[-1].reason) == ("root", "annual erasure")
    finding = await ann.call("VerifyAudit")
    assert (finding.intact, finding.problem) == (True, "")


async def test_nothing_of_the_subject_is_left_in_the_database(sqlite_database: Path, tmp_path: Path) -> None:
    async with opened_house(sqlite_database, tmp_path / "keys") as house:
        await closed(house)
        await house.cases.record(alert("a", **{**_fields(ABOUT), "explanation": "Zaphod, another text."}))  # a conflict
        house.cases.clock.advance(YEARS_5_NS)
        assert (await erase(house)).cases == 1
        for word in ("Zaphod", "spoofed"):
            found = await (await house.person("ann", "analyst")).call("ListCases", search=word)
            assert list(found.cases) == []
    with closing(sqlite3.connect(sqlite_database)) as connection:
        dump = "\n".join(connection.iterdump())
    assert [name for name in SECRET if name in dump or name.encode().hex().upper() in dump.upper()] == []
    content = await asyncio.to_thread(sqlite_database.read_bytes)
    assert [name for name in SECRET if name.lower().encode() in content.lower()] == [], "nor in its free pages"


def _fields(named: Any) -> dict[str, Any]:
    return {name: getattr(named, name) for name in ("accounts", "owners", "order_ids")}


async def test_a_legal_hold_keeps_a_case_until_the_last_matter_is_released(house: House) -> None:
    case = await closed(house)
    lead = await house.person("lead", "supervisor")
    for matter in ("inquiry 7", "lawsuit 9"):
        await lead.measure("PlaceHold", case.case_id, matter=matter)
    house.cases.clock.advance(2 * YEARS_5_NS)
    told = await erase(house)
    assert (told.cases, told.held) == (0, 1)
    assert (await erase(house, case_ids=[case.case_id])).cases == 0
    held = await lead.measure("ReleaseHold", case.case_id, matter="inquiry 7")
    assert [(each.matter, each.actor) for each in held.holds] == [("lawsuit 9", "lead")]
    await lead.measure("ReleaseHold", case.case_id, matter="lawsuit 9")
    house.cases.clock.advance(YEARS_5_NS)
    assert (await erase(house)).cases == 1
    assert await lead.denied(
        "PlaceHold", case_id=case.case_id, etag=(await _etag(lead, case)), matter="late", reason="x"
    ) == (grpc.StatusCode.FAILED_PRECONDITION, "CASE_ERASED")


async def _etag(person: Person, case: case_pb2.Case) -> str:
    return str((await person.ask("GetConfidentiality", case_id=case.case_id)).etag)


async def test_open_cases_stay_and_reported_ones_stay_longer(house: House) -> None:
    await house.cases.record(later("open", 500, instrument="OPEN"))
    case = await closed(house)
    connection_less = RetentionSettings()
    reported = connection_less.end_ns(case_pb2.CASE_STATE_CLOSED, case_pb2.DISPOSITION_REPORTED, 0)
    assert (
        reported == 2_557 * NANOSECONDS_OF_DAY > connection_less.end_ns(5, 1, 0) > connection_less.end_ns(4, 0, 5) == 0
    )
    house.cases.clock.advance(10 * YEARS_5_NS)
    assert list((await erase(house)).case_ids) == [case.case_id]
    assert "OPEN" in await (await house.person("ann", "analyst")).titles()


async def test_what_detection_tells_again_does_not_come_back(house: House) -> None:
    case = await closed(house)
    house.cases.clock.advance(YEARS_5_NS)
    await erase(house)
    told = await house.cases.record(ABOUT, alert("a", **_fields(ABOUT), revision=2))
    assert [(each.case_id, each.changed) for each in told] == [(case.case_id, False)] * 2
    assert SECRET[0] not in str(await house.cases.call("GetAlert", alert_id=alert_id("a")))
    fresh = await house.cases.record(alert("new", **_fields(ABOUT)))
    assert fresh[0].case_id != case.case_id


async def test_a_restricted_case_is_erased_without_being_named(house: House) -> None:
    case = await closed(house)
    lead = await house.person("lead", "supervisor")
    await lead.measure("RestrictCase", case.case_id)
    house.cases.clock.advance(YEARS_5_NS)
    told = await erase(house)
    assert (told.cases, list(told.case_ids)) == (1, [])
    admin = await house.person("root", "admin")
    assert (await admin.denied("EraseCases", case_ids=[case.case_id], reason="x"))[0] == grpc.StatusCode.NOT_FOUND


async def test_the_policy_erases_by_itself_where_it_says_so(sqlite_database: Path, tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened_house(sqlite_database, tmp_path / "keys", clock) as house:
        case = await closed(house)
    clock.advance(YEARS_5_NS)
    policy = RetentionSettings(erase_every_hours=24)
    async with opened_house(sqlite_database, tmp_path / "keys", clock, retention=policy) as house:
        ann = await house.person("ann", "analyst", "supervisor")
        async for each in ann.stub.WatchCases(case_pb2.WatchCasesRequest(cursor="0"), timeout=60):
            if each.case.title == erasure.ERASED:
                break
        records = (await ann.call("ListAuditRecords", subject=case.case_id)).records
    assert (records[-1].actor, records[-1].reason) == ("retention", "kept as long as the policy says")


async def test_evidence_files_go_with_their_case_and_once(
    sqlite_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []
    monkeypatch.setattr(Vault, "remove", lambda vault, sha256: removed.append(sha256))
    monkeypatch.setattr(erasure, "_files", lambda connection, number: ["aa", "bb"])
    async with opened_house(sqlite_database, tmp_path / "keys") as house:
        await closed(house)
        house.cases.clock.advance(YEARS_5_NS)
        assert (await erase(house)).cases == 1
        assert removed == ["aa", "bb"]
        await erase(house)
    assert removed == ["aa", "bb"]


def test_every_table_of_a_case_says_what_erasing_does_to_it() -> None:
    keys = ((name, key) for name, table in metadata.tables.items() for key in table.foreign_keys)
    of_case = {name for name, key in keys if key.column.table.name == "cases"}
    assert confidential.case_holds.name in of_case
    assert of_case == {*erasure.DELETED, *erasure.KEPT}, "name new tables of cases in erasure.DELETED or KEPT"


@pytest.mark.parametrize("name", erasure.BLANK_TEXTS)
def test_every_text_of_a_case_or_an_alert_is_blanked_or_kept_on_purpose(name: str) -> None:
    texts = {column.name for column in metadata.tables[name].c if isinstance(column.type, Text | LargeBinary)}
    assert texts == {*erasure.BLANK_TEXTS[name], *erasure.KEPT_TEXTS[name]}
