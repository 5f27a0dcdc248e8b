"""Statistics against a count by hand: three days, four cases, five alerts."""

from typing import Any

import grpc.aio
import pytest

from surveillance.v1 import report_pb2, report_pb2_grpc
from tapewatch.alert import Severity
from tests.case_service.fakes import HOUR_NS, Cases, FakeClock, alert, running_cases

DAY_NS = 24 * HOUR_NS
MONDAY_NS = 1_772_409_600 * 1_000_000_000
"""2026-03-02T00:00Z."""


def of(name: str, owner: str, rule: str = "spoofing", **changes: Any) -> Any:
    return alert(name, rule_id=rule, owners=(owner,), accounts=(f"{owner}-1",), **changes)


class Days:
    """What happened, by day (0 is Monday) and hour."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases

    def at(self, day: int, hour: int) -> None:
        self.cases.clock.now_ns = MONDAY_NS + day * DAY_NS + hour * HOUR_NS

    async def move(self, verb: str, number: int, **fields: Any) -> None:
        await self.cases.move(verb, await self.cases.call("GetCase", case_id=str(number)), **fields)

    async def close(self, number: int, disposition: str) -> None:
        await self.move("CloseCase", number, disposition=f"DISPOSITION_{disposition}", reason="looked into")

    async def pass_by(self) -> None:
        """Monday: cases 1 (two alerts) and 2; 1 closed. Tuesday: 3 and 4; 2 closed, 1 reopened. Wednesday: 1 closed."""
        self.at(0, 10)
        await self.cases.record(of("a", "O1"), of("b", "O1"), of("c", "O2", "layering"))
        self.at(0, 12)
        await self.move("AssignCase", 1, assignee="ann")
        await self.close(1, "FALSE_POSITIVE")
        self.at(1, 9)
        await self.cases.record(of("d", "O3", "wash_self", severity=Severity.CRITICAL))
        self.at(1, 10)
        await self.move("AssignCase", 2, assignee="ann")
        await self.move("EscalateCase", 2, reason="needs a second look")
        await self.close(2, "WARNED")
        self.at(1, 11)
        await self.move("ReopenCase", 1, reason="the same again")
        self.at(1, 15)
        await self.cases.record(of("e", "O4"))
        self.at(2, 8)
        await self.move("AssignCase", 1, assignee="ben")
        await self.close(1, "WARNED")


async def counted(cases: Cases, first_day: int, last_day: int) -> report_pb2.Statistics:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{cases.service.bound_port}") as channel:
        request = report_pb2.GetStatisticsRequest(
            from_time_ns=MONDAY_NS + first_day * DAY_NS, to_time_ns=MONDAY_NS + (last_day + 1) * DAY_NS
        )
        found: report_pb2.Statistics = await report_pb2_grpc.ReportServiceStub(channel).GetStatistics(request)
        return found


def rules(found: report_pb2.Statistics) -> dict[str, tuple[int, int, int, float | None]]:
    return {
        each.rule_id: (
            each.alerts,
            each.alerts_closed,
            each.alerts_confirmed,
            each.precision if each.HasField("precision") else None,
        )
        for each in found.rules
    }


def totals(found: report_pb2.Statistics) -> tuple[int, ...]:
    return (
        found.alerts,
        found.cases_opened,
        found.cases_closed,
        found.cases_reopened,
        found.cases_escalated,
        found.cases_open_at_end,
    )


async def test_each_period_is_as_counted_by_hand(database: str) -> None:
    async with running_cases(database, FakeClock(MONDAY_NS)) as cases:
        await Days(cases).pass_by()
        monday, tuesday = await counted(cases, 0, 0), await counted(cases, 1, 1)
        whole = await counted(cases, 0, 2)
    assert totals(monday) == (3, 2, 1, 0, 0, 1)
    assert rules(monday) == {"spoofing": (2, 2, 0, 0.0), "layering": (1, 0, 0, None)}
    assert dict(monday.by_state_at_end) == {"OPEN": 1, "CLOSED": 1}
    assert (monday.time_to_close_median_s, monday.alerts_per_case) == (2 * 3_600, 1.5)

    assert totals(tuesday) == (2, 2, 1, 1, 1, 3)
    assert rules(tuesday) == {
        "layering": (0, 1, 1, 1.0),
        "spoofing": (1, 0, 0, None),
        "wash_self": (1, 0, 0, None),
    }
    assert dict(tuesday.by_state_at_end) == {"OPEN": 3, "CLOSED": 1}
    assert dict(tuesday.opened_by_priority) == {1: 1, 2: 1}
    assert [(each.name, each.cases, each.overdue) for each in tuesday.ageing if each.cases] == [
        ("below 1 day", 2, 1),
        ("1 to 3 days", 1, 0),
    ]
    assert (tuesday.time_to_close_median_s, tuesday.time_to_close_p90_s) == (24 * 3_600, 24 * 3_600)

    assert totals(whole) == (5, 4, 3, 1, 1, 2)
    assert dict(whole.closings_by_disposition) == {"FALSE_POSITIVE": 1, "WARNED": 2}
    assert rules(whole)["spoofing"] == (3, 2, 2, 1.0)
    assert (whole.time_to_close_median_s, whole.time_to_close_p90_s) == (24 * 3_600, 46 * 3_600)


async def test_a_period_without_anything_has_no_shares(database: str) -> None:
    async with running_cases(database, FakeClock(MONDAY_NS)) as cases:
        found = await counted(cases, 0, 0)
    assert totals(found) == (0, 0, 0, 0, 0, 0)
    assert not found.HasField("time_to_close_median_s")
    assert not found.HasField("alerts_per_case")


async def test_a_period_that_ends_before_it_begins_is_refused(cases: Cases) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="to_time_ns: expected a time after from_time_ns"):
        await counted(cases, 1, 0)
