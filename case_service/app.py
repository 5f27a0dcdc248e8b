"""Settings of the case service, and how it is put together."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from case_service.attachments import AttachmentFiles, AttachmentSettings
from case_service.auditing.auditor import AuditSettings
from case_service.auditing.wiring import serve_audit
from case_service.confidentiality.retention import RetentionSettings
from case_service.confidentiality.wiring import serve_confidentiality
from case_service.escalator import Escalator, SlaSettings
from case_service.evidence.settings import EvidenceSettings
from case_service.evidence.wiring import evidence_of
from case_service.grouping import (
    DUE_HOURS,
    FAMILIES,
    GROUP_BY,
    NANOSECONDS_OF_MINUTE,
    WINDOW_MINUTES,
    GroupPart,
    Policy,
    family_table,
)
from case_service.paging import PageTokens
from case_service.priority import PrioritySettings
from case_service.recorder import Recorder
from case_service.reports.settings import ReportSettings
from case_service.reports.wiring import reports_of
from case_service.servicer import SERVICE_NAME, CaseServicer
from case_service.servicers.serving import CaseMetrics, Desk
from case_service.store import reading
from case_service.store.databases.address import is_server, password_of, server_url
from case_service.store.store import READERS, open_store
from case_service.subjects.servicer import SERVICE_NAME as SUBJECT_SERVICE_NAME
from case_service.subjects.servicer import SubjectServicer
from case_service.webhooks.settings import WebhookSettings
from case_service.webhooks.teller import tellers
from surveillance.v1 import case_pb2_grpc, subject_pb2_grpc
from tapewatch.rest.serving import RestSettings, serving_rest
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section

SECTION = "cases"


class CaseSettings(Section):
    """Section `cases` of the settings file."""

    listen: str = Field("127.0.0.1:50053", description="HOST:PORT to serve gRPC on")
    database: str = Field(
        "tapewatch-data/cases/cases.db",
        description="path of a SQLite file, or postgresql://USER@HOST:PORT/DATABASE (no password in it)",
    )
    database_password: SecretStr = Field(
        SecretStr(""), description="of the PostgreSQL user; give it as TAPEWATCH__CASES__DATABASE_PASSWORD"
    )
    database_password_file: Path | None = Field(None, description="a file that holds nothing but that password")
    grouping_window_minutes: float = Field(
        WINDOW_MINUTES, ge=0, le=7 * 24 * 60, description="event time between alerts that still share a case"
    )
    due_hours: dict[int, Annotated[float, Field(gt=0, le=10_000)]] = Field(
        dict(DUE_HOURS), description="hours until a case is due, by priority 1 to 4"
    )
    typology_families: dict[str, list[str]] = Field(
        {family: list(typologies) for family, typologies in FAMILIES.items()},
        description="typologies that share a case, by the name of their family; others are alone",
    )
    group_by: tuple[GroupPart, ...] = Field(
        GROUP_BY, min_length=1, description="what alerts of one case have in common: owner, instrument, family"
    )
    priority: PrioritySettings = Field(PrioritySettings(), description="what makes a case more or less urgent")
    sla: SlaSettings = Field(SlaSettings(), description="what happens to cases past their due time")
    attachments: AttachmentSettings = Field(AttachmentSettings(), description="files kept with cases")
    readers: int = Field(READERS, ge=1, le=64, description="reads that run at once")
    evidence: EvidenceSettings = Field(EvidenceSettings(), description="what is pinned to cases")
    audit: AuditSettings = Field(AuditSettings(), description="who signs the audit trail")
    reports: ReportSettings = Field(ReportSettings(), description="reports to the authority, case files, statistics")
    retention: RetentionSettings = Field(RetentionSettings(), description="how long closed cases are kept")
    webhooks: list[WebhookSettings] = Field([], description="addresses that are told of new and escalated cases")
    rest: RestSettings = Field(RestSettings(), description="REST and JSON beside gRPC")

    @field_validator("database", mode="before")
    @classmethod
    def _path_or_server(cls, database: object) -> object:
        if is_server(str(database)):
            server_url(str(database))
        return str(database) if isinstance(database, Path) else database

    @field_validator("due_hours")
    @classmethod
    def _each_priority(cls, hours: Mapping[int, float]) -> Mapping[int, float]:
        if set(hours) != set(DUE_HOURS):
            raise ValueError(f"expected hours for the priorities 1, 2, 3 and 4, found {sorted(hours)}")
        return hours

    @field_validator("typology_families")
    @classmethod
    def _one_family_each(cls, families: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
        family_table(families)
        return families

    def password(self) -> str | None:
        """The database's password, from its setting, file or the environment; StartError for an unreadable file."""
        return password_of(self.database_password.get_secret_value(), self.database_password_file)

    @property
    def policy(self) -> Policy:
        """How alerts become cases."""
        window_ns = round(self.grouping_window_minutes * NANOSECONDS_OF_MINUTE)
        urgency = self.priority.urgency
        return Policy(window_ns, family_table(self.typology_families), self.due_hours, self.group_by, urgency)


@asynccontextmanager
async def lifespan(
    service: Service, settings: CaseSettings, clock_ns: Callable[[], int] = time.time_ns
) -> AsyncIterator[None]:
    """Open the store and serve from it; `clock_ns` is the service's clock, nanoseconds since the Unix epoch."""
    async with open_store(settings.database, clock_ns, settings.readers, settings.password()) as store:
        tokens = PageTokens(await store.read(reading.page_token_key))
        recorder = Recorder(store, settings.policy)
        auditor = await serve_audit(service, store, settings.audit, tokens, clock_ns)
        desk = Desk(
            store=store,
            recorder=recorder,
            policy=settings.policy,
            tokens=tokens,
            metrics=CaseMetrics(service.metrics),
            files=AttachmentFiles(settings.attachments.folder(settings.database)),
            attachment_bytes_max=settings.attachments.size_bytes_max,
            clock_ns=clock_ns,
            auditor=auditor,
        )
        service.add(case_pb2_grpc.add_CaseServiceServicer_to_server, CaseServicer(desk), SERVICE_NAME)
        subjects = SubjectServicer(store, tokens, clock_ns)
        service.add(subject_pb2_grpc.add_SubjectServiceServicer_to_server, subjects, SUBJECT_SERVICE_NAME)
        escalator = Escalator(store, settings.policy, settings.sla, service.metrics)

        async def end_watches() -> None:
            await service.stop.wait()
            store.bell.close()

        service.spawn(store.writer.run())
        service.spawn(recorder.run())
        service.spawn(escalator.run())
        for teller in tellers(store, settings.webhooks, service.metrics, clock_ns):
            service.spawn(teller.run())
        service.spawn(end_watches(), at_stop="finish")
        async with evidence_of(service, store, settings.evidence, tokens) as kept:
            files = (kept.vault, desk.files)
            serve_confidentiality(service, store, settings.retention, tokens, clock_ns, files)
            with reports_of(service, store, settings.reports, kept, clock_ns):
                async with serving_rest(service, settings.rest, "cases.rest.listen"):
                    yield


def lifespan_with(
    clock_ns: Callable[[], int],
) -> Callable[[Service, CaseSettings], AbstractAsyncContextManager[None]]:
    """The lifespan with another clock."""
    return partial(lifespan, clock_ns=clock_ns)
