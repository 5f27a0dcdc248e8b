"""Evidence, reports and statistics show nobody a case that is kept from them."""

from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from surveillance.v1 import evidence_pb2, evidence_pb2_grpc, report_pb2, report_pb2_grpc
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.confidentiality.people import opened_house, token
from tests.case_service.fakes import NOW_NS, alert

DAY_NS = 86_400 * 10**9
ACME = alert("a", accounts=("A1",), owners=("O1",))
BETA = alert("b", accounts=("B1",), owners=("O2",), instrument="BETA")


async def test_a_restricted_case_is_not_there_in_evidence_reports_and_counts(tmp_path: Path, database: str) -> None:
    async with opened_house(database, tmp_path / "keys") as house:
        await house.cases.record(ACME, BETA)
        case = await house.case_of(ACME)
        lead = await house.person("lead", "supervisor")
        await lead.measure("RestrictCase", case.case_id, names=["ann"])
        for name, expected in (("ann", 2), ("bob", 1)):
            shown = SecuritySettings.model_validate({"token": token(house.keys, name, "analyst", "supervisor")})
            async with open_channel(f"127.0.0.1:{house.cases.service.bound_port}", shown) as channel:
                reports = report_pb2_grpc.ReportServiceStub(channel)
                evidence = evidence_pb2_grpc.EvidenceServiceStub(channel)
                period = {"from_time_ns": NOW_NS - DAY_NS, "to_time_ns": NOW_NS + DAY_NS}
                counted = await reports.GetStatistics(report_pb2.GetStatisticsRequest(**period))
                assert (counted.alerts, counted.cases_opened) == (expected, expected)
                asked: list[tuple[Any, Any]] = [
                    (evidence.GetEvidence, evidence_pb2.GetEvidenceRequest(case_id=case.case_id)),
                    (evidence.GetCaseContext, evidence_pb2.GetCaseContextRequest(case_id=case.case_id)),
                    (reports.GetReport, report_pb2.GetReportRequest(case_id=case.case_id, format=3)),  # type: ignore[arg-type]  # the enum's wrapper
                ]
                for method, request in asked:
                    if name == "ann":
                        await method(request)
                        continue
                    with pytest.raises(grpc.aio.AioRpcError) as caught:
                        await method(request)
                    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
                export = reports.ExportCase(report_pb2.ExportCaseRequest(case_id=case.case_id, reason="to look"))
                if name == "bob":
                    with pytest.raises(grpc.aio.AioRpcError, match="expected the id or number of a case"):
                        await export.read()
                export.cancel()
