"""Texts that try to be more than texts, in every place a list takes one, on both databases.

What does not parse is INVALID_ARGUMENT naming the field; what parses is a value, found where it is written and nowhere
else, and changes nothing.
"""

from typing import Any

import grpc
import grpc.aio
import pytest

from tapewatch.runtime.errors import error_info
from tests.case_service.fakes import Cases, alert

PAYLOADS = (
    "' OR '1'='1",
    '" OR "1"="1',
    "'; DROP TABLE cases; --",
    '"; DROP TABLE cases; --',
    "x' UNION SELECT page_token_key FROM heads --",
    "1; UPDATE cases SET state = 5",
    "1) OR (1=1",
    "/* */ OR 1=1 --",
    "\\'; DELETE FROM audit_records; --",
    "%' AND 1=1 AND '%'='",
    "__import__('os').system('id')",
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "$(id)",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred",
    "\u202eevil",
    "a\nAND state = OPEN",
    "' || (SELECT 1) || '",
    "pg_sleep(10)",
    "NULL",
    "'",
    '"',
    "\\",
    "%",
    "_",
    "*",
    "((((((((((",
    "NOT NOT NOT",
)
LISTS = ("ListCases", "ListAlerts")
REFUSED = {
    "filter": {"INVALID_FILTER"},
    "order_by": {"INVALID_ORDER_BY", "INVALID_ORDER"},
    "search": {"INVALID_SEARCH"},
    "page_token": {"INVALID_PAGE_TOKEN"},
}


async def told(cases: Cases, method: str, **fields: Any) -> tuple[int, str]:
    """How many rows a list has, or -1 and the reason it was refused for."""
    try:
        answer = await cases.call(method, **fields)
    except grpc.aio.AioRpcError as error:
        info = error_info(error)
        refused = error.code() is grpc.StatusCode.INVALID_ARGUMENT and info is not None
        return -1, info.reason if info and refused else f"{error.code().name} {error.details()}"
    return len(answer.cases if method == "ListCases" else answer.alerts), ""


def quoted(text: str) -> str:
    """A filter's text, escaped as its language asks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*") + '"'


@pytest.fixture
async def stocked(cases: Cases) -> Cases:
    """One case whose texts are innocent, and one whose explanation is a payload."""
    await cases.record(alert("a"), alert("b", instrument="BETA", explanation=PAYLOADS[0]))
    return cases


async def intact(cases: Cases) -> None:
    """Nothing was changed by asking."""
    assert (await told(cases, "ListCases"), await told(cases, "ListAlerts")) == ((2, ""), (2, ""))
    assert (await cases.call("VerifyAudit")).intact


@pytest.mark.parametrize("method", LISTS)
async def test_a_payload_in_place_of_a_whole_field_finds_nothing_it_should_not(stocked: Cases, method: str) -> None:
    for field, reasons in REFUSED.items():
        for payload in PAYLOADS:
            count, reason = await told(stocked, method, **{field: payload})
            if count == -1:
                assert reason in reasons, (field, payload, reason)
            else:
                assert field == "search", (field, payload)
                assert count <= 1, (field, payload)
    await intact(stocked)


@pytest.mark.parametrize("method", LISTS)
async def test_a_payload_as_a_value_is_compared_as_it_is_written(stocked: Cases, method: str) -> None:
    for payload in PAYLOADS:
        for operator in ("=", ":"):
            found = await told(stocked, method, filter=f"instrument {operator} {quoted(payload)}")
            assert found in ((0, ""), (-1, "INVALID_FILTER")), (payload, operator, found)
        everything_else = await told(stocked, method, filter=f"instrument != {quoted(payload)}")
        assert everything_else in ((2, ""), (-1, "INVALID_FILTER")), (payload, everything_else)
    await intact(stocked)


async def test_a_payload_that_is_there_is_found_by_its_own_text(stocked: Cases) -> None:
    assert await told(stocked, "ListAlerts", filter=f"explanation = {quoted(PAYLOADS[0])}") == (1, "")
    assert await told(stocked, "ListAlerts", filter='explanation = "x"') == (0, "")


async def test_a_payload_as_the_name_of_something_names_nothing(stocked: Cases) -> None:
    for payload in PAYLOADS:
        for method, field in (("GetCase", "case_id"), ("GetAlert", "alert_id")):
            code, _, text = await stocked.refused(method, **{field: payload})
            assert code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT), payload
            assert "\x1b" not in text
        assert list((await stocked.call("ListAuditRecords", subject=payload)).records) == []
    await intact(stocked)
