"""Alerts, a clock and a running case service for tests."""

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from case_service.app import CaseSettings, lifespan_with
from case_service.evidence.settings import EvidenceSettings
from case_service.store.databases.address import is_server
from surveillance.v1 import alert_record_pb2, case_pb2, case_pb2_grpc, subject_pb2
from surveillance.v1.subject_pb2_grpc import SubjectServiceStub
from tapewatch import alert as alerts
from tapewatch.alert import Alert, Measurement, Severity
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.errors import error_info
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
NINE_NS = 9 * HOUR_NS
"""Event time the alerts begin at."""
NOW_NS = 1_772_450_000 * SECOND_NS
"""What the clock says at first."""
TIMEOUT_S = 20


def alert_id(name: object) -> str:
    """A well-formed id that stands for a name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def alert(name: object = "a", **changes: Any) -> Alert:
    """A spoofing alert of owner O1 in ACME from 9:00 to 9:01, with changes."""
    usual = Alert(
        alert_id=alert_id(name),
        revision=1,
        rule_id="spoofing",
        rule_version="1.0.0",
        typology="SPOOFING",
        severity=Severity.HIGH,
        score=0.5,
        venue="XTST",
        instrument="ACME",
        start_time_ns=NINE_NS,
        end_time_ns=NINE_NS + MINUTE_NS,
        explanation=f"Cancelled 90 % of what {name} showed; usual is 30 %.",
        accounts=("A1",),
        owners=("O1",),
        measurements=(Measurement("cancelled_share", 0.9, 0.3, "1"),),
        evidence_event_ids=("e1", "e2"),
    )
    return dataclasses.replace(usual, **changes)


def later(name: object, minutes: float, **changes: Any) -> Alert:
    """An alert that begins so many minutes after 9:00 and lasts one."""
    start_time_ns = NINE_NS + round(minutes * MINUTE_NS)
    return alert(name, start_time_ns=start_time_ns, end_time_ns=start_time_ns + MINUTE_NS, **changes)


@dataclass
class FakeClock:
    """A clock that goes when told."""

    now_ns: int = NOW_NS

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, duration_ns: int) -> None:
        self.now_ns += duration_ns


@dataclass
class Cases:
    """A running case service and a client of it."""

    service: Service
    clock: FakeClock
    database: str | Path
    stub: Any
    subjects: Any

    async def record(self, *recorded: Alert) -> list[alert_record_pb2.RecordAlertResult]:
        return await record(self.stub, recorded)

    async def case_of(self, named: Alert) -> case_pb2.Case:
        """The case an alert was put in."""
        listed = await self.call("ListCases", filter=f'alert_ids:"{named.alert_id}"')
        assert len(listed.cases) == 1
        found: case_pb2.Case = listed.cases[0]
        return found

    async def call(self, method: str, **fields: Any) -> Any:
        return await call(self.stub, method, **fields)

    async def ask(self, method: str, **fields: Any) -> Any:
        """Call a method of SubjectService."""
        return await getattr(self.subjects, method)(request_of(method)(**fields), timeout=TIMEOUT_S)

    async def refused(self, method: str, **fields: Any) -> tuple[grpc.StatusCode, str, str]:
        """Code, reason and text of the error a call ends with."""
        try:
            await (self.ask if method in SUBJECT_METHODS else self.call)(method, **fields)
        except grpc.aio.AioRpcError as error:
            info = error_info(error)
            return error.code(), info.reason if info else "", error.details() or ""
        raise AssertionError(f"expected {method} to be refused, found an answer")

    async def move(self, verb: str, case: case_pb2.Case, **fields: Any) -> case_pb2.Case:
        """Apply a verb with the etag of the case as seen."""
        moved: case_pb2.Case = await self.call(verb, **{**acting(case), **fields})
        return moved


def acting(case: case_pb2.Case) -> dict[str, Any]:
    """What every verb needs."""
    return {"case_id": case.case_id, "etag": case.etag, "actor": "ann"}


async def call(stub: Any, method: str, **fields: Any) -> Any:
    request = request_of(method)(**fields)
    return await getattr(stub, method)(request, timeout=TIMEOUT_S)


def request_of(method: str) -> Any:
    """The type of a method's requests."""
    return GetMessageClass((SUBJECT_METHODS.get(method) or CASE_METHODS[method]).input_type)


CASE_METHODS: Mapping[str, Any] = case_pb2.DESCRIPTOR.services_by_name["CaseService"].methods_by_name
SUBJECT_METHODS: Mapping[str, Any] = subject_pb2.DESCRIPTOR.services_by_name["SubjectService"].methods_by_name


async def record(stub: Any, recorded: Iterable[Alert]) -> list[alert_record_pb2.RecordAlertResult]:
    response = await call(stub, "RecordAlerts", alerts=[alerts.to_message(each) for each in recorded])
    return list(response.results)


@asynccontextmanager
async def running_cases(
    database: str | Path, clock: FakeClock | None = None, security: SecuritySettings | None = None, **settings: Any
) -> AsyncIterator[Cases]:
    """A case service on a database, in this process, with a channel to it that shows the settings' token."""
    clock, security = clock or FakeClock(), security or SecuritySettings()
    evidence = settings.pop("evidence", EvidenceSettings(ingest=None))
    with TemporaryDirectory(prefix="tapewatch-files-") as folder:
        if is_server(str(database)):  # nothing lies beside it
            settings.setdefault("attachments", {"directory": folder})
        chosen = CaseSettings(listen="127.0.0.1:0", database=str(database), evidence=evidence, **settings)
        async with (
            running_service("cases", chosen, lifespan_with(clock), security=security) as service,
            open_channel(f"127.0.0.1:{service.bound_port}", security) as channel,
        ):
            yield Cases(service, clock, database, case_pb2_grpc.CaseServiceStub(channel), SubjectServiceStub(channel))
