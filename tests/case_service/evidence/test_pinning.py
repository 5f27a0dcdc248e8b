"""Evidence is pinned by itself, kept whole, and replayed as the engine saw it."""

import shutil
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from case_service.evidence.vault import Vault
from detection_service.engine.engine import Engine
from surveillance.v1 import evidence_pb2
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id
from tapewatch.runtime.errors import DataLoss, error_info
from tests.case_service.evidence.fakes import Evidenced, Row, around, detection, evidenced, market_rows
from tests.ingest_service.fakes import frame_request
from tests.tapewatch.market.test_replay import engine_book

ROWS = market_rows()
FIRST, LAST = 120, 180
SECOND_NS = 1_000_000_000


async def steps_of(running: Evidenced, page_size: int, **fields: Any) -> list[evidence_pb2.ReplayBookResponse]:
    pages = []
    request = evidence_pb2.ReplayBookRequest(page_size=page_size, **fields)
    while True:
        page = await running.stub.ReplayBook(request)
        pages.append(page)
        if not page.next_page_token:
            return pages
        request.page_token = page.next_page_token


def levels_of(snapshot: evidence_pb2.BookSnapshot) -> dict[tuple[int, float], tuple[float, int]]:
    sides = ((1, snapshot.bids), (2, snapshot.asks))
    return {(side, each.price): (each.quantity, each.orders) for side, levels in sides for each in levels}


def engine_levels(engine: Engine, row: Row) -> dict[tuple[int, float], tuple[float, int]]:
    ladders = zip((1, 2), engine_book(engine, (row["venue"], row["instrument"])), strict=True)
    return {(side, price): (quantity, orders) for side, ladder in ladders for price, quantity, orders in ladder}


def in_window(row: Row, after_s: int = 5) -> bool:
    first, last = ROWS[FIRST]["event_time_ns"], ROWS[LAST]["event_time_ns"]
    return bool(first - 5 * SECOND_NS <= row["event_time_ns"] <= last + after_s * SECOND_NS)


async def test_the_pinned_book_is_the_engine_s_at_every_step_whatever_becomes_of_the_journal(tmp_path: Path) -> None:
    async with evidenced(tmp_path, ROWS) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        pinned = await running.pinned(recorded.case_id)
        shutil.rmtree(tmp_path / "ingest" / "journal")
        pages = await steps_of(running, 7, case_id="1")
    expected = [row for row in ROWS if in_window(row)]
    assert (pinned.events, pinned.opening_is_whole) == (len(expected), True)
    steps = [step for page in pages for step in page.steps]
    assert [step.event.event.source_sequence for step in steps] == [row["source_sequence"] for row in expected]
    assert [step.event.event_id for step in steps] == [
        event_id(row["source"], 0, row["source_sequence"], 0) for row in expected
    ]
    engine = Engine()
    for row in ROWS[: ROWS.index(expected[0])]:
        engine.process(Frame.from_rows([row]))
    waiting = iter(expected)
    own = 0.0
    for page in pages:
        levels = levels_of(page.snapshot)
        assert levels == engine_levels(engine, expected[0])
        for step in page.steps:
            engine.process(Frame.from_rows([next(waiting)]))
            for change in step.changes:
                key = (change.side, change.level.price)
                own += change.level.subject_quantity
                if change.level.quantity or change.level.orders:
                    levels[key] = (change.level.quantity, change.level.orders)
                else:
                    levels.pop(key, None)
            assert levels == engine_levels(engine, expected[0])
    assert own > 0


async def test_a_window_not_passed_waits_and_is_pinned_once_the_venue_went_on(tmp_path: Path, database: str) -> None:
    async with evidenced(tmp_path, ROWS[: LAST + 1], database, after_s=60.0) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        waiting = await running.waiting(recorded.case_id, "WINDOW_NOT_PASSED")
        assert waiting.state == evidence_pb2.EVIDENCE_STATE_PENDING
        with pytest.raises(grpc.aio.AioRpcError, match="expected a case with pinned evidence"):
            await running.stub.ReplayBook(evidence_pb2.ReplayBookRequest(case_id="1"))
        await running.ingest.publish(frame_request("rest", ROWS[LAST + 1 :]))
        pinned = await running.pinned(recorded.case_id)
        assert pinned.events == sum(in_window(row, 60) for row in ROWS)


async def test_a_short_look_back_is_said_and_too_many_events_shorten_it(tmp_path: Path) -> None:
    async with evidenced(tmp_path, ROWS, events_max=100) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        pinned = await running.pinned(recorded.case_id)
        assert not pinned.opening_is_whole
        assert pinned.problem.endswith("the opening book is known from 0 s before the window only")


async def test_the_trail_has_the_hashes_and_every_read(tmp_path: Path, database: str) -> None:
    async with evidenced(tmp_path, ROWS, database) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        pinned = await running.pinned(recorded.case_id)
        listed = await running.stub.ListEvidenceEvents(
            evidence_pb2.ListEvidenceEventsRequest(case_id="1", account="account-3")
        )
        assert {each.event.account for each in listed.events} == {"account-3"}
        await steps_of(running, 50, case_id="1")
        trail = await running.cases.call("ListAuditRecords", subject=recorded.case_id)
        actions = [each.action for each in trail.records]
        assert actions == ["OpenCase", "PinEvidence", "ReadEvidenceEvents", "ReadBook"]
        assert pinned.manifest_sha256 in trail.records[1].detail_json
        assert all(part.sha256 in trail.records[1].detail_json for part in pinned.parts)


async def test_an_alert_that_joins_the_case_makes_a_pin_that_covers_it_and_the_same_again_makes_none(
    tmp_path: Path, database: str
) -> None:
    async with evidenced(tmp_path, ROWS, database) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        first = await running.pinned(recorded.case_id)
        await running.cases.record(around(ROWS, FIRST, LAST + 30, "b"))
        second = await running.pinned(recorded.case_id, revision=2)
        assert second.to_time_ns > first.to_time_ns
        await running.cases.record(around(ROWS, FIRST, LAST + 30, "b"))
        await running.cases.move("CommentCase", await running.cases.call("GetCase", case_id="1"), text="looked")
        asked = await running.stub.PinEvidence(
            evidence_pb2.PinEvidenceRequest(case_id="1", actor="ann", reason="more before", before_s=15.0)
        )
        assert (asked.revision, asked.state) == (3, evidence_pb2.EVIDENCE_STATE_PENDING)
        third = await running.pinned(recorded.case_id, revision=3)
        assert third.from_time_ns == first.from_time_ns - 10 * SECOND_NS
        trail = await running.cases.call("ListAuditRecords", subject=recorded.case_id)
        assert [each.actor for each in trail.records if each.action == "PinEvidence"] == ["evidence", "evidence", "ann"]


async def test_rules_as_they_were_related_alerts_and_links_say_why(tmp_path: Path, database: str) -> None:
    async with detection() as address, evidenced(tmp_path, ROWS, database, detection=address) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        other = around(ROWS, FIRST, LAST, "other", accounts=("account-9",), owners=("owner-9",))
        await running.cases.record(other)
        await running.pinned(recorded.case_id)
        found = await running.stub.GetCaseContext(evidence_pb2.GetCaseContextRequest(case_id="1"))
        (rule,) = found.rules
        assert (rule.rule.rule_id, rule.is_same, rule.rule.parameters[0].value) == ("spoofing", True, 5.0)
        assert [(each.alert.alert_id, each.why) for each in found.related_alerts] == [
            (other.alert_id, "in the same market within 60 minutes")
        ]
        assert list(found.problems) == []


async def test_a_book_is_replayed_from_the_journal_without_a_case(tmp_path: Path) -> None:
    async with evidenced(tmp_path, ROWS) as running:
        market = {"venue": ROWS[0]["venue"], "instrument": ROWS[0]["instrument"]}
        window = {"from_time_ns": ROWS[50]["event_time_ns"], "to_time_ns": ROWS[90]["event_time_ns"]}
        pages = await steps_of(running, 25, **market, **window)
        found = [step.event.event.source_sequence for page in pages for step in page.steps]
        inside = [row for row in ROWS if window["from_time_ns"] <= row["event_time_ns"] < window["to_time_ns"]]
        assert found == [row["source_sequence"] for row in inside]
        engine = Engine()
        for row in ROWS[: ROWS.index(inside[25])]:
            engine.process(Frame.from_rows([row]))
        assert levels_of(pages[1].snapshot) == engine_levels(engine, ROWS[0])


async def test_evidence_that_was_changed_on_the_disk_is_refused(tmp_path: Path) -> None:
    async with evidenced(tmp_path, ROWS) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        pinned = await running.pinned(recorded.case_id)
        sha256 = next(part.sha256 for part in pinned.parts if part.name == "events.parquet")
        path = tmp_path / "evidence" / sha256[:2] / sha256
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running.stub.ListEvidenceEvents(evidence_pb2.ListEvidenceEventsRequest(case_id="1"))
        info = error_info(caught.value)
        assert info is not None
        assert (caught.value.code(), info.reason) == (grpc.StatusCode.DATA_LOSS, "EVIDENCE_DAMAGED")


async def test_what_waits_is_pinned_after_a_restart_and_an_ingest_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async with evidenced(tmp_path, ROWS[: LAST + 1], after_s=60.0) as running:
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST))
        await running.waiting(recorded.case_id, "WINDOW_NOT_PASSED")
    async with evidenced(tmp_path, ROWS, after_s=60.0) as running:
        assert (await running.pinned(recorded.case_id)).events == sum(in_window(row, 60) for row in ROWS)


def test_the_vault_keeps_content_once_and_refuses_what_is_gone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    sha256 = vault.put(b"content")
    assert vault.put(b"content") == sha256
    assert [path.name for path in (tmp_path / "vault").rglob("*") if path.is_file()] == [sha256]
    assert vault.get(sha256) == b"content"
    assert vault.remove(sha256)
    with pytest.raises(DataLoss, match=r"found none; restore it from a copy"):
        vault.get(sha256)
