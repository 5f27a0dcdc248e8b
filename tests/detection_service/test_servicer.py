"""DetectionService over a real channel."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from detection_service.rules.catalogue import RULE_BY_ID
from surveillance.v1 import detection_pb2
from tapewatch.engine_mode import mode
from tapewatch.runtime.errors import error_info
from tests.detection_service.fakes import Journal, Served, consumer_in, serving
from tests.detection_service.rules.schemes import SCHEMES
from tests.detection_service.scenario import Market, revisions

EOF: Any = vars(grpc.aio)["EOF"]  # missing in the stubs
TIMEOUT_S = 10
SPOOFED = SCHEMES["spoofing"].play().rows


async def fed(served: Served, journal: Journal) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        await served.consumer.run(journal.read(served.consumer.next_sequence))


async def test_rules_are_listed_by_id_with_what_is_governed(tmp_path: Path) -> None:
    async with serving(consumer_in(tmp_path)) as served:
        listed = await served.stub.ListRules(detection_pb2.ListRulesRequest(), timeout=TIMEOUT_S)
    assert [rule.rule_id for rule in listed.rules] == sorted(RULE_BY_ID)
    assert listed.next_page_token == ""
    for rule in listed.rules:
        metadata = RULE_BY_ID[rule.rule_id].metadata
        assert (rule.version, rule.title, rule.typology) == (metadata.version, metadata.title, metadata.typology)
        assert list(rule.known_gaps) == list(metadata.known_gaps)
        assert {each.name: each.value for each in rule.parameters} == metadata.defaults()
        assert all(each.unit and each.reason and each.minimum < each.maximum for each in rule.parameters)


async def test_pages_of_rules_join_to_the_whole(tmp_path: Path) -> None:
    found, token = [], ""
    async with serving(consumer_in(tmp_path)) as served:
        for _ in range(len(RULE_BY_ID)):
            request = detection_pb2.ListRulesRequest(page_size=3, page_token=token)
            page = await served.stub.ListRules(request, timeout=TIMEOUT_S)
            assert len(page.rules) <= 3
            found += [rule.rule_id for rule in page.rules]
            token = page.next_page_token
            if not token:
                break
    assert found == sorted(RULE_BY_ID)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (detection_pb2.ListRulesRequest(page_size=-1), "PAGE_SIZE"),
        (detection_pb2.ListRulesRequest(page_token="nonsense"), "PAGE_TOKEN"),
    ],
)
async def test_a_page_that_can_not_be_is_an_invalid_argument(
    tmp_path: Path, request_: detection_pb2.ListRulesRequest, reason: str
) -> None:
    async with serving(consumer_in(tmp_path)) as served:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await served.stub.ListRules(request_, timeout=TIMEOUT_S)
    info = error_info(raised.value)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info is not None
    assert info.reason == reason


async def test_one_rule_says_for_which_source_it_can_not_apply(tmp_path: Path) -> None:
    market = Market().at(1)
    market.trade(10.0, 5, "BUY")
    async with serving(consumer_in(tmp_path)) as served:
        await fed(served, Journal().events(market.rows))
        rule = await served.stub.GetRule(detection_pb2.GetRuleRequest(rule_id="spoofing"), timeout=TIMEOUT_S)
    assert "the source does not show orders" in rule.not_applicable["feed"]


async def test_a_rule_that_is_not_in_force_is_not_found_and_the_others_are_named(tmp_path: Path) -> None:
    async with serving(consumer_in(tmp_path)) as served:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await served.stub.GetRule(detection_pb2.GetRuleRequest(rule_id="spoofng"), timeout=TIMEOUT_S)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert f"no rule 'spoofng' is in force; there are {', '.join(sorted(RULE_BY_ID))}" in (raised.value.details() or "")


async def test_alerts_are_streamed_from_a_cursor_and_as_they_are_made(tmp_path: Path) -> None:
    expected = [alert.alert_id for alert in revisions(SPOOFED)]
    assert len(expected) == 2
    async with serving(consumer_in(tmp_path)) as served:
        stream = served.stub.StreamAlerts(detection_pb2.StreamAlertsRequest(cursor="0"), timeout=TIMEOUT_S)
        await fed(served, Journal().events(SPOOFED))
        first = await stream.read()
        again = served.stub.StreamAlerts(detection_pb2.StreamAlertsRequest(cursor=first.cursor), timeout=TIMEOUT_S)
        second = await again.read()
    assert [first.alert.alert_id, second.alert.alert_id] == expected
    assert [first.alert.revision, second.alert.revision] == [1, 2]
    assert [first.alert.closed, second.alert.closed] == [False, True]


async def test_a_cursor_never_given_is_out_of_range(tmp_path: Path) -> None:
    async with serving(consumer_in(tmp_path)) as served:
        stream = served.stub.StreamAlerts(detection_pb2.StreamAlertsRequest(cursor="99"), timeout=TIMEOUT_S)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stream.read()
    assert raised.value.code() is grpc.StatusCode.OUT_OF_RANGE
    assert "expected a cursor of 0 to 0, found '99'" in (raised.value.details() or "")


async def test_a_stream_ends_with_the_service(tmp_path: Path) -> None:
    async with serving(consumer_in(tmp_path)) as served:
        stream = served.stub.StreamAlerts(detection_pb2.StreamAlertsRequest(), timeout=TIMEOUT_S)
        waiting = asyncio.ensure_future(stream.read())
        await served.stub.GetDetectionStatus(detection_pb2.GetDetectionStatusRequest(), timeout=TIMEOUT_S)
        served.service.stop.set()
        assert await asyncio.wait_for(waiting, TIMEOUT_S) is EOF


async def test_the_status_adds_up_by_source(tmp_path: Path) -> None:
    late = {**SPOOFED[0], "event_time_ns": 1, "source_sequence": 10_000}
    journal = Journal().events([*SPOOFED, late])
    journal.add(1, b"damaged", 3)
    async with serving(consumer_in(tmp_path)) as served:
        await fed(served, journal)
        status = await served.stub.GetDetectionStatus(detection_pb2.GetDetectionStatusRequest(), timeout=TIMEOUT_S)
    (feed,) = (source for source in status.sources if source.source == "feed")
    assert (feed.evaluated, feed.late, feed.pending) == (len(SPOOFED), 1, 0)
    assert sum(each.evaluated + each.late + each.poisoned + each.pending for each in status.sources) == len(SPOOFED) + 4
    assert status.next_sequence == journal.next_sequence
    assert status.event_time_ns == SPOOFED[-1]["event_time_ns"]
    assert status.engine == mode()
    assert dict(status.alerts_by_rule) == {"spoofing": 1}
    assert status.alerts_pending == served.consumer.outbox.made
    assert status.config_digest == served.consumer.engine.config_digest


async def test_the_status_tells_faulty_rules_and_who_changed_what(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path)
    content = {
        "change": {"rule": "spoofing", "parameters": {"size_multiple_min": 7}},
        "actor": "ann",
        "reason": "too many",
    }
    async with asyncio.timeout(20):
        await consumer.run(Journal().control("CONFIGURATION", content).read())
    consumer.rule_problems = {"mine": "it does not load"}
    async with serving(consumer) as served:
        status = await served.stub.GetDetectionStatus(detection_pb2.GetDetectionStatusRequest(), timeout=TIMEOUT_S)
    assert dict(status.faulty) == {"mine": "it does not load"}
    (change,) = status.changes
    assert (change.actor, change.what, change.problem) == ("ann", "spoofing: size_multiple_min 7", "")


async def test_what_is_in_force_is_told_as_a_configuration_record_has_it(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path)
    change = {"rule": "spoofing", "parameters": {"size_multiple_min": 7}, "scope": {"venue": "XTWS"}}
    async with asyncio.timeout(20):
        await consumer.run(Journal().control("CONFIGURATION", {"change": change}).read())
    async with serving(consumer) as served:
        told = await served.stub.GetConfiguration(detection_pb2.GetConfigurationRequest(), timeout=TIMEOUT_S)
    content = json.loads(told.content_json)
    assert set(content["rules"]) == set(RULE_BY_ID)
    assert content["scopes"] == [{"venue": "XTWS", "rules": {"spoofing": {"size_multiple_min": 7}}}]
    assert told.config_digest == consumer.engine.config_digest
    assert (told.next_sequence, told.reference_digest, list(told.user_rules)) == (1, "", [])
