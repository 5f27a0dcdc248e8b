"""Lists in any order, page by page, and by words; on both databases."""

from operator import attrgetter

import pytest

from case_service.ordering import ALERT_ORDERS, CASE_ORDERS
from surveillance.v1 import alert_pb2, case_pb2
from tapewatch.alert import Severity
from tests.case_service.fakes import MINUTE_NS, Cases, alert, alert_id, later

SEVERITIES = (Severity.HIGH, Severity.LOW, Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.HIGH)


async def six_cases(cases: Cases) -> None:
    """Six cases of an alert each, recorded in another order than they began; some equal in each field."""
    for place, severity in enumerate(SEVERITIES):
        await cases.record(
            later(place, (place * 7) % 5, owners=(f"O{place}",), severity=severity, score=0.1 * (place % 3))
        )
        cases.clock.advance((place % 2) * MINUTE_NS)


async def paged(cases: Cases, method: str, size: int, **fields: object) -> list[list[str]]:
    """Ids of each page."""
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        page = await cases.call(method, page_size=size, page_token=token, **fields)
        rows = page.alerts if method == "ListAlerts" else page.cases
        pages.append([each.alert_id if method == "ListAlerts" else each.case_id for each in rows])
        token = page.next_page_token
    return pages


@pytest.mark.parametrize("order", sorted(CASE_ORDERS))
async def test_cases_come_in_every_order_page_by_page(cases: Cases, order: str) -> None:
    await six_cases(cases)
    listed = (await cases.call("ListCases")).cases
    for direction, reverse in (("", False), (" desc", True)):
        expected = sorted(listed, key=lambda case: (getattr(case, order), case.number), reverse=reverse)
        pages = await paged(cases, "ListCases", 2, order_by=order + direction)
        assert [each for page in pages for each in page] == [each.case_id for each in expected]


@pytest.mark.parametrize("order", sorted(ALERT_ORDERS))
async def test_alerts_come_in_every_order_page_by_page(cases: Cases, order: str) -> None:
    await six_cases(cases)
    newest_first = (await cases.call("ListAlerts")).alerts
    recorded = list(reversed(newest_first))
    pages = await paged(cases, "ListAlerts", 4, order_by=order)
    assert [each for page in pages for each in page] == [
        each.alert_id for each in sorted(recorded, key=attrgetter(order))
    ]


@pytest.mark.parametrize("order", ["severity desc, score", "score, severity desc, start_time_ns", "priority, score"])
async def test_mixed_orders_page_as_they_sort(cases: Cases, order: str) -> None:
    await six_cases(cases)
    whole = await paged(cases, "ListCases", 100, order_by=order)
    assert len(whole) == 1
    for size in (1, 2, 4):
        pages = await paged(cases, "ListCases", size, order_by=order)
        assert [each for page in pages for each in page] == whole[0]


async def test_rows_that_stay_are_seen_once_while_others_come_and_move(cases: Cases) -> None:
    await six_cases(cases)
    order = {"order_by": "update_time_ns desc"}
    before = (await cases.call("ListCases", **order)).cases
    first = await cases.call("ListCases", page_size=2, **order)
    cases.clock.advance(MINUTE_NS)
    moved = next(each for each in before if each.case_id == before[4].case_id)
    await cases.move("AssignCase", moved, assignee="bob")
    await cases.record(later("new", 50, owners=("O9",)))
    seen = [each.case_id for each in first.cases]
    token = first.next_page_token
    while token:
        page = await cases.call("ListCases", page_size=2, page_token=token, **order)
        seen += [each.case_id for each in page.cases]
        token = page.next_page_token
    stayed = [each.case_id for each in before if each.case_id != moved.case_id]
    assert [each for each in seen if each in stayed] == stayed


async def test_a_token_is_bound_to_its_order_and_search(cases: Cases) -> None:
    await six_cases(cases)
    token = (await cases.call("ListCases", page_size=2, order_by="score")).next_page_token
    for other in ({"order_by": "score desc"}, {"order_by": "score", "search": "acme"}, {}):
        _, reason, _ = await cases.refused("ListCases", page_size=2, page_token=token, **other)
        assert reason == "INVALID_PAGE_TOKEN"


async def found(cases: Cases, method: str, search: str) -> set[str]:
    return {each for page in await paged(cases, method, 100, search=search) for each in page}


async def test_alerts_are_found_by_the_words_of_their_explanations_and_parties(cases: Cases) -> None:
    await cases.record(
        alert("a", explanation="Layered 9,000 quotes; USUAL is 30 %.", accounts=("ACC-17",), owners=("O'Brien",)),
        later("b", 300, explanation="Crossed with itself", accounts=("ACC-18",), owners=("Müller",)),
    )
    a, b = {alert_id("a")}, {alert_id("b")}
    for search, expected in {
        "layered": a,
        "QUOTES usual": a,
        "9,000": a,
        "layered crossed": set(),
        "acc-17": a,
        "acc": a | b,
        "cross*": b,
        "cros": set(),
        "o'brien": a,
        "müller": b,
        "müll*": b,
        "' OR 1=1 --": set(),
        "NEAR(layered quotes)": set(),
        "explanation:layered": set(),
        "layered & !quotes": a,
    }.items():
        assert await found(cases, "ListAlerts", search) == expected, search


async def test_words_follow_the_newest_revision(cases: Cases) -> None:
    await cases.record(alert("a", explanation="First words."))
    await cases.record(alert("a", revision=2, explanation="Second thoughts.", accounts=("A9",)))
    assert await found(cases, "ListAlerts", "first") == set()
    assert await found(cases, "ListAlerts", "second a9") == {alert_id("a")}


async def test_cases_are_found_by_title_comment_and_alert(cases: Cases) -> None:
    await cases.record(alert("a", instrument="ACME", owners=("O1",), explanation="Layered."))
    await cases.record(alert("b", instrument="ZINC", owners=("O2",), explanation="Crossed."))
    first, second = await cases.case_of(alert("a")), await cases.case_of(alert("b"))
    await cases.move("CommentCase", first, text="Asked the desk; hedging a block.")
    for search, expected in {
        "acme": {first.case_id},
        "zinc": {second.case_id},
        "hedging desk": {first.case_id},
        "crossed": {second.case_id},
        "hedg*": {first.case_id},
        "hedging crossed": set(),
    }.items():
        assert await found(cases, "ListCases", search) == expected, search


async def test_search_filter_and_order_join(cases: Cases) -> None:
    await six_cases(cases)
    fields = {"search": "acme", "filter": "severity = HIGH OR severity = LOW", "order_by": "severity, score desc"}
    listed = (await cases.call("ListCases", **fields)).cases
    assert [each.severity for each in listed] == [alert_pb2.SEVERITY_LOW] + [alert_pb2.SEVERITY_HIGH] * 3
    assert [round(each.score, 1) for each in listed[1:]] == [0.2, 0.0, 0.0]
    pages = await paged(cases, "ListCases", 1, **fields)
    assert [each for page in pages for each in page] == [each.case_id for each in listed]


async def test_not_and_or_and_wildcards_find_what_they_say(cases: Cases) -> None:
    await six_cases(cases)
    for text, owners in {
        'NOT owners:"O1" AND NOT owners:"O2"': {"O0", "O3", "O4", "O5"},
        'owners:"O1" OR owners:"O2"': {"O1", "O2"},
        'owners:"O*" AND NOT (owners:"O1" OR severity = HIGH)': {"O2", "O4"},
        'instrument = "AC*" AND severity = LOW': {"O1"},
        'instrument = "ac*"': set(),
        'instrument:"cm" AND score > 0.15': {"O2", "O5"},
        'instrument != "AC*"': set(),
    }.items():
        listed = (await cases.call("ListCases", filter=text)).cases
        assert {owner for each in listed for owner in each.owners} == owners, text


async def test_states_sort_by_their_numbers(cases: Cases) -> None:
    await six_cases(cases)
    await cases.move("AssignCase", (await cases.call("ListCases")).cases[0], assignee="bob")
    listed = (await cases.call("ListCases", order_by="state desc")).cases
    assert listed[0].state == case_pb2.CASE_STATE_ASSIGNED
