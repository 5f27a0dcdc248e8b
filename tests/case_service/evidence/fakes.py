"""A market's events in a real ingest, a detection that answers, and waiting for pins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio

from case_service.evidence.settings import EvidenceSettings
from surveillance.v1 import detection_pb2, detection_pb2_grpc, evidence_pb2, evidence_pb2_grpc
from tapewatch.alert import Alert
from tests.case_service.fakes import Cases, alert, running_cases
from tests.detection_service.engine.event_file import generated
from tests.ingest_service.fakes import Running, frame_request, serving

WAIT_S = 30.0
VENUE, INSTRUMENT = "XTST", "ACME"
Row = dict[str, Any]


class FakeDetection(detection_pb2_grpc.DetectionServiceServicer):
    """Detection with one rule in force, under one configuration."""

    digest = "c" * 64

    async def GetRule(self, request: detection_pb2.GetRuleRequest, context: Any) -> detection_pb2.Rule:
        parameter = detection_pb2.RuleParameter(name="size_multiple_min", value=5.0, unit="1", reason="as usual")
        return detection_pb2.Rule(
            rule_id=request.rule_id,
            version="1.0.0",
            title="Spoofing",
            typology="SPOOFING",
            description="Large orders shown and withdrawn while trading on the other side.",
            parameters=[parameter],
            triage_steps=["Step through the book.", "Ask the trader."],
            known_false_positives=["A market maker that moves its quotes."],
            regulations=["MAR Article 12(2)(c), wording read"],
        )

    async def GetConfiguration(
        self, request: detection_pb2.GetConfigurationRequest, context: Any
    ) -> detection_pb2.Configuration:
        return detection_pb2.Configuration(config_digest=self.digest, content_json='{"rules": {"spoofing": {}}}')


@asynccontextmanager
async def detection() -> AsyncIterator[str]:
    """The address of a FakeDetection."""
    server = grpc.aio.server()
    detection_pb2_grpc.add_DetectionServiceServicer_to_server(FakeDetection(), server)  # type: ignore[abstract]  # only what evidence asks
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def market_rows(count: int = 300, seed: int = 7) -> list[Row]:
    """Events of one market by time, with a sequence each."""
    rows = sorted(generated(seed, count), key=lambda row: row["event_time_ns"])  # type: ignore[arg-type,return-value]  # a number
    return [dict(row) for row in rows]


def around(rows: list[Row], first: int, last: int, name: str = "a", **changes: Any) -> Alert:
    """An alert about the events from a place to another, of account-3."""
    usual: dict[str, Any] = {
        "venue": rows[first]["venue"],
        "instrument": rows[first]["instrument"],
        "accounts": ("account-3",),
        "owners": ("owner-3",),
        "start_time_ns": rows[first]["event_time_ns"],
        "end_time_ns": rows[last]["event_time_ns"],
        "config_digest": FakeDetection.digest,
    }
    return alert(name, **(usual | changes))


@dataclass
class Evidenced:
    """A case service with an ingest that holds a market."""

    cases: Cases
    ingest: Running
    stub: Any
    rows: list[Row]

    async def pinned(self, case_id: str, revision: int = 1) -> evidence_pb2.Evidence:
        """The pin of a case, once it is there."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found: evidence_pb2.Evidence = await self.stub.GetEvidence(
                    evidence_pb2.GetEvidenceRequest(case_id=case_id)
                )
                if found.state == evidence_pb2.EVIDENCE_STATE_PINNED and found.revision >= revision:
                    return found
                await asyncio.sleep(0.02)

    async def waiting(self, case_id: str, problem: str) -> evidence_pb2.Evidence:
        """The pin of a case, once it says a problem."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found: evidence_pb2.Evidence = await self.stub.GetEvidence(
                    evidence_pb2.GetEvidenceRequest(case_id=case_id)
                )
                if problem in found.problem:
                    return found
                await asyncio.sleep(0.02)


def settings_for(directory: Path, **changes: Any) -> EvidenceSettings:
    usual = {"directory": directory / "evidence", "detection": None, "before_s": 5.0, "after_s": 5.0}
    return EvidenceSettings(**(usual | changes))


@asynccontextmanager
async def evidenced(
    directory: Path, rows: list[Row], database: Path | str = "", **settings: Any
) -> AsyncIterator[Evidenced]:
    """A case service beside an ingest that was sent the rows; on SQLite where no database is given."""
    database = database or directory / "cases" / "cases.db"
    more = {name: settings.pop(name) for name in ("reports", "audit") if name in settings}
    async with serving(directory / "ingest") as ingest:
        for start in range(0, len(rows), 100):
            await ingest.publish(frame_request(str(start), rows[start : start + 100]))
        chosen = settings_for(directory, ingest=f"127.0.0.1:{ingest.service.bound_port}", **settings)
        async with (
            running_cases(database, evidence=chosen, **more) as cases,
            grpc.aio.insecure_channel(f"127.0.0.1:{cases.service.bound_port}") as channel,
        ):
            yield Evidenced(cases, ingest, evidence_pb2_grpc.EvidenceServiceStub(channel), rows)
