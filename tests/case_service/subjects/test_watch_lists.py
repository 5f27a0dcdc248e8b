"""Watch lists: cases that name a listed account, owner or instrument get a tag and a higher priority."""

from typing import Any

import grpc
import pytest

from surveillance.v1 import subject_pb2
from tapewatch.alert import Severity
from tests.case_service.fakes import HOUR_NS, NOW_NS, Cases, alert, later

WATCHED: dict[str, Any] = {
    "actor": "sue",
    "list": "insiders",
    "subject_kind": subject_pb2.SUBJECT_KIND_OWNER,
    "subject": "O1",
    "priority_raise": 1,
    "reason": "sits on the board",
}


async def test_a_case_that_names_a_watched_subject_is_tagged_and_more_urgent(cases: Cases) -> None:
    await cases.ask("CreateWatchEntry", **WATCHED)
    await cases.record(alert("a", severity=Severity.MEDIUM), alert("b", owners=("O2",), severity=Severity.MEDIUM))
    case, other = await cases.case_of(alert("a")), await cases.case_of(alert("b"))
    assert (list(case.tags), list(case.watch_lists), case.priority) == (["watch:insiders"], ["insiders"], 2)
    assert (list(other.tags), other.priority) == ([], 3)
    assert "on watch list insiders: 1 up" in case.priority_reasons
    found = await cases.call("ListCases", filter='tags:"watch:insiders"')
    assert [each.number for each in found.cases] == [case.number]


@pytest.mark.parametrize(("kind", "subject"), [("ACCOUNT", "A7"), ("INSTRUMENT", "ACME")])
async def test_accounts_and_instruments_are_watched_too_and_a_later_alert_brings_its_own(
    cases: Cases, kind: str, subject: str
) -> None:
    entry = {**WATCHED, "subject_kind": f"SUBJECT_KIND_{kind}", "subject": subject, "list": "restricted"}
    await cases.record(alert("a", severity=Severity.LOW))
    await cases.ask("CreateWatchEntry", **entry, expire_time_ns=NOW_NS + HOUR_NS)
    await cases.record(later("b", 5, accounts=("A7",), severity=Severity.LOW))
    case = await cases.case_of(alert("a"))
    assert (list(case.watch_lists), case.priority) == (["restricted"], 3)
    await cases.record(later("c", 6, accounts=("A7",), severity=Severity.LOW))
    assert (await cases.case_of(alert("a"))).priority == 3


async def test_an_entry_that_was_ended_or_has_expired_does_nothing_more(cases: Cases) -> None:
    entry = await cases.ask("CreateWatchEntry", **WATCHED)
    await cases.ask("CreateWatchEntry", **{**WATCHED, "list": "short"}, expire_time_ns=NOW_NS + 1)
    cases.clock.advance(1)
    await cases.record(alert("a"))
    ending = {"watch_entry_id": entry.watch_entry_id, "actor": "sue", "reason": "left"}
    await cases.ask("EndWatchEntry", **ending, etag=entry.etag)
    await cases.record(alert("b", instrument="OTHER"))
    assert list((await cases.case_of(alert("a"))).watch_lists) == ["insiders"]
    assert not (await cases.case_of(alert("b"))).tags
    assert not (await cases.ask("ListWatchEntries")).watch_entries
    shown = await cases.ask("ListWatchEntries", list="insiders", show_ended=True)
    assert [(each.subject, each.ended_by) for each in shown.watch_entries] == [("O1", "sue")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"list": "No Good"}, "list"), ({"priority_raise": 4}, "priority_raise"), ({"reason": ""}, "reason")],
)
async def test_an_entry_of_another_form_is_refused(cases: Cases, changes: dict[str, Any], field: str) -> None:
    code, _, text = await cases.refused("CreateWatchEntry", **{**WATCHED, **changes})
    assert (code, field in text) == (grpc.StatusCode.INVALID_ARGUMENT, True)


async def test_earlier_cases_of_a_subject_move_the_next_one(cases: Cases) -> None:
    async def closed(name: str, disposition: str, **changes: Any) -> int:
        reported = alert(name, severity=Severity.MEDIUM, instrument=name, **changes)
        await cases.record(reported)
        case = await cases.case_of(reported)
        case = await cases.move("AssignCase", case, assignee="bob")
        await cases.move("CloseCase", case, disposition=f"DISPOSITION_{disposition}", reason="looked at")
        return int(case.priority)

    assert [await closed(f"f{number}", "FALSE_POSITIVE", owners=("OF",)) for number in range(4)] == [3, 3, 3, 4]
    assert [await closed(f"w{number}", "WARNED", owners=("OW",)) for number in range(2)] == [3, 2]
    assert [await closed(f"n{number}", "NO_ACTION", owners=("ON",)) for number in range(4)] == [3, 3, 3, 3]
    assert await closed("ring", "WARNED", owners=("OF", "OW")) == 2
    warned = await cases.call("ListCases", filter='instrument = "w0"')
    await cases.move("ReopenCase", warned.cases[0], reason="wrong")
    later_ones = await cases.call("ListCases", filter='instrument = "w1"')
    await cases.move("ReopenCase", later_ones.cases[0], reason="wrong")
    ring = await cases.call("ListCases", filter='instrument = "ring"')
    await cases.move("ReopenCase", ring.cases[0], reason="wrong")
    assert await closed("w9", "WARNED", owners=("OW",)) == 3
