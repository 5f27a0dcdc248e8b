"""A case with pinned evidence and a client of its reports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio

from case_service.auditing.auditor import AuditSettings
from case_service.reports.settings import ReportSettings
from surveillance.v1 import report_pb2, report_pb2_grpc
from tapewatch.client.ingest import IngestClient
from tapewatch.market.reference import Reference
from tests.case_service.evidence.fakes import Evidenced, around, detection, evidenced, market_rows

ROWS = market_rows()
FIRST, LAST = 120, 180
REFERENCE = Reference.of(
    accounts=[{"account": "account-3", "owner": "owner-3"}, {"account": "account-33", "owner": "owner-3"}],
    instruments=[{"instrument": "ACME", "venue": "XTST", "isin": "XS0000000009", "asset_class": "equity"}],
)


@dataclass
class Reported:
    """A case (number 1) with evidence, and its reports."""

    running: Evidenced
    stub: Any
    case_id: str
    target: str

    async def report(self, kind: str, **answers: str) -> report_pb2.Report:
        request = report_pb2.GetReportRequest(
            case_id="1",
            format=f"REPORT_FORMAT_{kind}",
            actor="ann",
            answers=answers,
        )
        found: report_pb2.Report = await self.stub.GetReport(request)
        return found

    async def export(self, **fields: Any) -> tuple[bytes, str]:
        """The archive and its manifest's hash."""
        usual: dict[str, Any] = {"case_id": "1", "actor": "sue", "reason": "asked for by the authority"}
        pieces = [each async for each in self.stub.ExportCase(report_pb2.ExportCaseRequest(**(usual | fields)))]
        return b"".join(each.chunk for each in pieces), pieces[0].manifest_sha256


@asynccontextmanager
async def reported(directory: Path, explanation: str = "", **settings: Any) -> AsyncIterator[Reported]:
    """A case of account-3 with an explanation of a stranger's making, pinned and commented."""
    told = {"explanation": explanation} if explanation else {}
    audit = settings.pop("audit", AuditSettings(checkpoint_file=directory / "checkpoints.jsonl"))
    reports = ReportSettings(**settings)
    async with (
        detection() as address,
        evidenced(directory, ROWS, detection=address, reports=reports, audit=audit) as running,
        grpc.aio.insecure_channel(f"127.0.0.1:{running.cases.service.bound_port}") as channel,
    ):
        async with IngestClient(f"127.0.0.1:{running.ingest.service.bound_port}") as client:
            await client.publish_reference(REFERENCE)
        (recorded,) = await running.cases.record(around(ROWS, FIRST, LAST, order_ids=("o79",), **told))
        await running.pinned(recorded.case_id)
        case = await running.cases.call("GetCase", case_id="1")
        await running.cases.move("CommentCase", case, text="=HYPERLINK(1) was what account-3 wrote")
        stub = report_pb2_grpc.ReportServiceStub(channel)
        target = f"127.0.0.1:{running.cases.service.bound_port}"
        yield Reported(running, stub, recorded.case_id, target)
