"""`surveillance.v1.ReportService`: requests to domain calls and back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc.aio

from case_service.commands import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from case_service.evidence.kept import KeptEvidence
from case_service.reports.dossier import Dossier, dossier, stored_of
from case_service.reports.making import Made, Maker
from case_service.reports.statistics import Counts
from case_service.store.counting import statistics
from case_service.store.reads import note_read
from case_service.store.store import Store
from surveillance.v1 import report_pb2, report_pb2_grpc
from tapewatch.runtime.access import Caller, acting, caller_of
from tapewatch.runtime.errors import FailedPrecondition, InvalidArgument, ResourceExhausted, StartError

SERVICE_NAME = "surveillance.v1.ReportService"
CHUNK_BYTES = 1 << 20
AT_ONCE_MAX = 4
RETRY_AFTER_MS = 1_000
KINDS = {
    report_pb2.REPORT_FORMAT_PDF: "PDF",
    report_pb2.REPORT_FORMAT_XML: "XML",
    report_pb2.REPORT_FORMAT_JSON: "JSON",
}
Context = grpc.aio.ServicerContext[Any, Any]


class ReportServicer(report_pb2_grpc.ReportServiceServicer):
    """Makes reports of what the store and the vault hold. Every report and export is said in the audit trail."""

    def __init__(self, store: Store, kept: KeptEvidence, maker: Maker, clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._kept = kept
        self._maker = maker
        self._clock_ns = clock_ns
        self._under_way = 0

    async def GetReport(self, request: report_pb2.GetReportRequest, context: Context) -> report_pb2.Report:
        """PDF, XML or JSON."""
        kind = KINDS.get(request.format)
        if kind is None:
            raise InvalidArgument(
                "FIELD_REQUIRED",
                f"format: expected REPORT_FORMAT_PDF, _XML or _JSON, found {request.format}",
                field="format",
            )
        caller = caller_of(context)
        actor = _actor(caller, request.actor)
        found = await self._dossier(request.case_id)
        made = await self._in_turn(self._maker.report, found, kind, dict(request.answers), actor)
        told = {"format": kind, "sha256": made.sha256, "missing": len(made.missing), "channel": caller.channel}
        await self._store.write(lambda shared: note_read(shared, "Report", found.case, actor, "", told))
        return report_pb2.Report(
            content=made.content,
            media_type=made.media_type,
            file_name=made.name,
            missing=made.missing,
            sha256=made.sha256,
        )

    async def ExportCase(
        self, request: report_pb2.ExportCaseRequest, context: Context
    ) -> AsyncIterator[report_pb2.ExportCaseResponse]:
        """Audited before the first byte leaves."""
        caller = caller_of(context)
        actor = _actor(caller, request.actor)
        if not request.reason.strip() or len(request.reason) > TEXT_CHARACTERS_MAX or "\0" in request.reason:
            raise InvalidArgument("FIELD_REQUIRED", "reason: expected why the case file is exported", field="reason")
        found = await self._dossier(request.case_id)
        if request.pseudonymised:
            made, manifest = await self._in_turn(self._pseudonymised, found, actor)
        else:
            made, manifest = await self._in_turn(self._maker.case_file, found, actor)
        told = {"manifest_sha256": manifest, "pseudonymised": request.pseudonymised, "channel": caller.channel}
        await self._store.write(lambda shared: note_read(shared, "CaseFile", found.case, actor, request.reason, told))
        for start in range(0, len(made.content), CHUNK_BYTES):
            chunk = made.content[start : start + CHUNK_BYTES]
            first = {"file_name": made.name, "manifest_sha256": manifest} if start == 0 else {}
            yield report_pb2.ExportCaseResponse(chunk=chunk, **first)

    async def GetStatistics(self, request: report_pb2.GetStatisticsRequest, context: Context) -> report_pb2.Statistics:
        """By the audit trail."""
        if not 0 <= request.from_time_ns < request.to_time_ns:
            raise InvalidArgument(
                "BAD_WINDOW",
                f"to_time_ns: expected a time after from_time_ns ({request.from_time_ns}), found {request.to_time_ns}",
                field="to_time_ns",
            )
        return statistics_message(await self._store.read(statistics, request.from_time_ns, request.to_time_ns))

    def _pseudonymised(self, found: Dossier, actor: str) -> tuple[Made, str]:
        try:
            return self._maker.pseudonymised(found, actor)
        except (StartError, OSError) as error:
            told = f"expected a key of pseudonyms (`cases.reports.pseudonym_key`), found: {error}"
            raise FailedPrecondition("NO_PSEUDONYM_KEY", told) from error

    async def _dossier(self, name: str) -> Dossier:
        stored = await self._store.read(stored_of, name)
        kept = None if stored.pin is None else await asyncio.to_thread(self._kept.of, stored.pin)
        return await asyncio.to_thread(dossier, stored, kept, self._clock_ns())

    async def _in_turn(self, make: Callable[..., Any], *arguments: object) -> Any:
        """Run in a thread, few at a time: each holds a document in memory."""
        if self._under_way == AT_ONCE_MAX:
            raise ResourceExhausted(
                "TOO_MANY_REPORTS",
                f"expected fewer than {AT_ONCE_MAX} reports under way, found as many; try again later",
                retry_after_ms=RETRY_AFTER_MS,
            )
        self._under_way += 1
        try:
            return await asyncio.to_thread(make, *arguments)
        finally:
            self._under_way -= 1


def _actor(caller: Caller, said: str) -> str:
    actor = acting(caller, said)
    if not actor.strip() or len(actor) > NAME_CHARACTERS_MAX or "\0" in actor:
        raise InvalidArgument("FIELD_REQUIRED", "actor: expected who acts, found none; send it", field="actor")
    return actor


def statistics_message(counts: Counts) -> report_pb2.Statistics:
    """Counts as `surveillance.v1.Statistics`."""
    return report_pb2.Statistics(
        from_time_ns=counts.from_ns,
        to_time_ns=counts.to_ns,
        alerts=counts.alerts,
        cases_opened=counts.opened,
        cases_closed=counts.closed,
        cases_reopened=counts.reopened,
        cases_escalated=counts.escalated,
        cases_open_at_end=counts.open_at_end,
        closings_by_disposition=counts.by_disposition,
        opened_by_priority=counts.opened_by_priority,
        by_state_at_end=counts.by_state_at_end,
        rules=[
            report_pb2.RuleStatistics(
                rule_id=rule_id,
                alerts=each.alerts,
                alerts_closed=each.closed,
                alerts_confirmed=each.confirmed,
                alerts_reported=each.reported,
                precision=each.precision,
            )
            for rule_id, each in counts.rules.items()
        ],
        ageing=[
            report_pb2.AgeBand(name=each.name, from_ns=each.from_ns, cases=each.cases, overdue=each.overdue)
            for each in counts.ageing
        ],
        time_to_close_median_s=counts.share(0.5),
        time_to_close_p90_s=counts.share(0.9),
        alerts_per_case=counts.alerts / counts.opened if counts.opened else None,
    )
