"""Cases by plain HTTP: the same service, the same refusals, in words and statuses that HTTP knows."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tapewatch.rest.serving import RestSettings
from tests.case_service.fakes import Cases, alert, running_cases

JSON = {"content-type": "application/json"}
Answered = tuple[int, dict[str, str], Any]


@dataclass
class Http:
    """A client of the running service, a connection a request."""

    cases: Cases

    async def ask(self, verb: str, path: str, body: object = None, **headers: str) -> Answered:
        """Status, headers and JSON of an answer."""
        status, found, raw = await asyncio.to_thread(self._ask, verb, path, body, headers)
        return status, found, json.loads(raw)

    async def bytes_of(self, verb: str, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:
        """The same with the bytes as they came."""
        return await asyncio.to_thread(self._ask, verb, path, body, {})

    def connect(self) -> http.client.HTTPConnection:
        address = self.cases.service.rest_address
        assert address is not None
        return http.client.HTTPConnection(address.host, address.port, timeout=30)

    def _ask(self, verb: str, path: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        connection = self.connect()
        try:
            encoded = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(verb, path, encoded, {**(JSON if verb == "POST" else {}), **named})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()


@pytest.fixture
async def rest(sqlite_database: object) -> AsyncIterator[Http]:
    async with running_cases(str(sqlite_database), rest=RestSettings(listen="127.0.0.1:0")) as cases:
        yield Http(cases)


async def case_of(rest: Http) -> dict[str, Any]:
    await rest.cases.record(alert())
    _, _, listed = await rest.ask("GET", "/v1/cases")
    found: dict[str, Any] = listed["cases"][0]
    return found


async def test_a_case_is_worked_by_http_alone(rest: Http) -> None:
    case = await case_of(rest)
    place = f"/v1/cases/{case['number']}"
    for verb, more, state in (
        ("assign", {"assignee": "ann"}, "ASSIGNED"),
        ("startReview", {}, "IN_REVIEW"),
        ("escalate", {"reason": "a second pair of eyes"}, "ESCALATED"),
        ("close", {"disposition": "DISPOSITION_NO_ACTION", "reason": "a hedge"}, "CLOSED"),
        ("reopen", {"reason": "it goes on"}, "OPEN"),
    ):
        status, _, case = await rest.ask("POST", f"{place}:{verb}", {"etag": case["etag"], "actor": "ann", **more})
        assert (status, case["state"]) == (200, f"CASE_STATE_{state}")
    _, _, trail = await rest.ask("GET", f"/v1/auditRecords?subject={case['case_id']}&page_size=500")
    assert [each["action"] for each in trail["records"]][-5:] == [
        "AssignCase", "StartReview", "EscalateCase", "CloseCase", "ReopenCase",
    ]  # fmt: skip


async def test_an_illegal_transition_is_a_400_that_says_what_is_possible(rest: Http) -> None:
    case = await case_of(rest)
    status, _, refused = await rest.ask(
        "POST", f"/v1/cases/{case['number']}:startReview", {"etag": case["etag"], "actor": "ann"}
    )
    assert (status, refused["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert "possible now" in refused["error"]["message"]
    assert refused["error"]["details"][0]["reason"] == "ILLEGAL_TRANSITION"


async def test_a_stale_etag_is_a_409_in_the_body_and_in_the_header(rest: Http) -> None:
    case = await case_of(rest)
    place, asked = f"/v1/cases/{case['number']}:assign", {"actor": "ann", "assignee": "ann"}
    status, headers, moved = await rest.ask("POST", place, asked, if_match=f'"{case["etag"]}"')
    assert (status, headers["etag"]) == (200, f'"{moved["etag"]}"')
    for stale in (
        await rest.ask("POST", place, asked, if_match=f'"{case["etag"]}"'),
        await rest.ask("POST", place, {**asked, "etag": case["etag"]}),
    ):
        assert (stale[0], stale[2]["error"]["status"]) == (409, "ABORTED")


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "word"),
    [
        ("GET", "/v1/nothing", None, 404, "Not Found"),
        ("POST", "/v1/cases", {}, 405, "Method Not Allowed"),
        ("GET", "/v1/cases/999", None, 404, "999"),
        ("GET", "/v1/cases?filtre=x", None, 400, "filtre"),
        ("GET", "/v1/cases?page_size=ten", None, 400, "page_size"),
        ("GET", "/v1/cases?page_size=1&page_size=2", None, 400, "twice"),
        ("GET", "/v1/cases?filter=state+%3D+%27;drop", None, 400, "filter"),
        ("POST", "/v1/cases/1:assign", "{", 400, "JSON object"),
        ("POST", "/v1/cases/1:assign", "[1]", 400, "list"),
        ("POST", "/v1/cases/1:assign", "[" * 100_000, 400, "JSON object"),
        ("POST", "/v1/cases/1:assign", {"assigne": "x"}, 400, "assigne"),
        ("POST", "/v1/cases/1:assign", {"case_id": "2"}, 400, "the path"),
        ("POST", "/v1/cases/1:assign", {"assignee": 5}, 400, "assignee"),
    ],
)
async def test_what_is_not_understood_is_named(
    rest: Http, verb: str, path: str, body: object, status: int, word: str
) -> None:
    found, _, refused = await rest.ask(verb, path, body)
    assert (found, refused["error"]["code"]) == (status, status)
    assert word in refused["error"]["message"]


async def test_a_body_without_end_is_refused(rest: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapewatch.rest.application.BODY_BYTES_MAX", 100)
    status, _, refused = await rest.ask("POST", "/v1/cases/1:assign", {"assignee": "x" * 200})
    assert (status, "at most 100 bytes" in refused["error"]["message"]) == (413, True)


async def test_a_page_of_another_site_can_neither_post_nor_take_our_name(rest: Http) -> None:
    status, _, refused = await rest.ask("POST", "/v1/auditRecords:verify", "", content_type="text/plain")
    assert (status, refused["error"]["details"][0]["reason"]) == (400, "NOT_JSON")
    status, _, refused = await rest.ask("GET", "/v1/cases", host="evil.example:80")
    assert (status, refused["error"]["details"][0]["reason"]) == (403, "FOREIGN_HOST")
    status, headers, _ = await rest.ask("GET", "/v1/cases", host="localhost:80")
    assert (status, headers["x-content-type-options"], headers["cache-control"]) == (200, "nosniff", "no-store")


async def test_what_is_watched_comes_as_lines_and_resumes(rest: Http) -> None:
    await rest.cases.record(alert("a"))

    def first_line(cursor: str) -> dict[str, Any]:
        connection = rest.connect()
        connection.request("GET", f"/v1/cases:watch?cursor={cursor}")
        response = connection.getresponse()
        try:
            found: dict[str, Any] = json.loads(response.readline())
            return found
        finally:
            response.close()
            connection.close()

    line = await asyncio.to_thread(first_line, "0")
    await rest.cases.record(alert("b", owners=("O2",)))
    following = await asyncio.to_thread(first_line, line["cursor"])
    assert (line["case"]["owners"], following["case"]["owners"]) == (["O1"], ["O2"])


async def test_a_watch_that_fails_says_so_in_its_last_line(rest: Http) -> None:
    status, headers, raw = await rest.bytes_of("GET", "/v1/cases:watch?cursor=never")
    assert (status, headers["content-type"].partition(";")[0]) == (200, "application/x-ndjson")
    assert json.loads(raw.splitlines()[-1])["error"]["status"] == "INVALID_ARGUMENT"


async def test_the_description_names_every_path_and_every_schema_it_refers_to(rest: Http) -> None:
    _, _, found = await rest.ask("GET", "/openapi.json")
    assert found["openapi"].startswith("3.1")
    assert found["paths"]["/v1/cases/{case_id}:assign"]["post"]["summary"].startswith("Gives the case to an analyst")
    referred = {each.split("/")[-1] for each in _references(found)}
    assert referred <= set(found["components"]["schemas"])
    assert {"Case", "Error", "CaseState"} <= referred


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [each for value in node.values() for each in _references(value)]
    return [each for value in node for each in _references(value)] if isinstance(node, list) else []
