"""The client of reports: reports to the authority, case files, statistics."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from surveillance.v1 import report_pb2
from surveillance.v1.report_pb2_grpc import ReportServiceStub
from tapewatch.client.connection import ServiceClient

REPORT_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class CaseFile:
    """An exported case file: its bytes, the name it is given, the SHA-256 of its manifest."""

    content: bytes
    file_name: str
    manifest_sha256: str


class ReportClient(ServiceClient):
    """Calls to ReportService of the case service; see ServiceClient for opening and errors."""

    @property
    def _stub(self) -> Any:
        return ReportServiceStub(self.channel)

    async def get_report(
        self, case_id: str, report_format: int, actor: str = "", answers: Mapping[str, str] | None = None
    ) -> report_pb2.Report:
        """The suspicious transaction and order report of a case in a ReportFormat."""
        request = report_pb2.GetReportRequest(
            case_id=case_id,
            format=report_format,  # type: ignore[arg-type]  # the stub wants the enum's wrapper
            actor=actor,
            answers=answers or {},
        )
        return await self.call(self._stub.GetReport, request, REPORT_TIMEOUT_S)

    async def export_case(self, case_id: str, actor: str, reason: str, *, pseudonymised: bool = False) -> CaseFile:
        """The whole case file as a ZIP archive."""
        request = report_pb2.ExportCaseRequest(case_id=case_id, actor=actor, reason=reason, pseudonymised=pseudonymised)
        name = manifest = ""
        chunks: list[bytes] = []
        async with aclosing(self.stream(self._stub.ExportCase(request, timeout=REPORT_TIMEOUT_S))) as answers:
            async for answer in answers:
                name, manifest = name or answer.file_name, manifest or answer.manifest_sha256
                chunks.append(answer.chunk)
        return CaseFile(b"".join(chunks), name, manifest)

    async def get_statistics(self, from_time_ns: int, to_time_ns: int) -> report_pb2.Statistics:
        """Counts over a period by the service's clock (end exclusive)."""
        request = report_pb2.GetStatisticsRequest(from_time_ns=from_time_ns, to_time_ns=to_time_ns)
        return await self.call(self._stub.GetStatistics, request, REPORT_TIMEOUT_S)
