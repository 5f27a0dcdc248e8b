"""Settings of the detection service, and how it is put together."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import structlog
from prometheus_client import Counter, Gauge
from pydantic import Field, model_validator

from detection_service.anomaly.model import ModelError
from detection_service.anomaly.signing import SignatureError, Trust
from detection_service.checkpoint import Checkpoints
from detection_service.consumer import Consumer
from detection_service.corrections.schedule import CorrectionRuns
from detection_service.engine.configuration import ConfigurationError, EngineConfiguration, checked_scopes
from detection_service.engine.engine import Engine
from detection_service.rule_texts import tell_rule_texts
from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.servicer import SERVICE_NAME, DetectionServicer
from detection_service.started_with import FILE, NOT_IN_FORCE, note_start
from detection_service.user_rules.folder import FORMS
from detection_service.user_rules.kept import PLACE
from detection_service.user_rules.watch import RulesWatch
from surveillance.v1 import detection_pb2_grpc, ingest_pb2
from tapewatch.client.cases import CaseClient
from tapewatch.client.ingest import IngestClient
from tapewatch.engine_mode import warn_once_if_interpreted
from tapewatch.market.reference import TABLES, Reference, ReferenceDataError, read_table
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section

SECTION: Final = "detection"
_log = structlog.get_logger(__name__)


class DetectionSettings(Section):
    """Section `detection` of the settings file."""

    listen: str = Field("127.0.0.1:50052", description="HOST:PORT to serve gRPC on")
    ingest: str = Field("127.0.0.1:50051", description="HOST:PORT of the ingest service")
    cases: str = Field("127.0.0.1:50053", description="HOST:PORT of the case service")
    directory: Path = Field(Path("tapewatch-data/detection"), description="where snapshots are kept; made when absent")
    snapshot_every_events: int = Field(
        500_000, ge=1, description="events between snapshots; a start replays at most about so many"
    )
    rules: dict[str, dict[str, float]] | None = Field(
        None, description="rule id to parameter overrides; all rules with their defaults when absent"
    )
    scopes: list[dict[str, Any]] = Field(
        [], description="parameters of rules by venue, instrument, asset_class or product; the most specific wins"
    )
    rules_directory: Path | None = Field(
        None, description="directory of rules of your own, in YAML or Python; changes in it take effect as it runs"
    )
    accounts: Path | None = Field(None, description="CSV of accounts: owners and links")
    instruments: Path | None = Field(None, description="CSV of instruments")
    announcements: Path | None = Field(None, description="CSV of announcements")
    positions: Path | None = Field(None, description="CSV of positions held at the start")
    fx_rates: Path | None = Field(None, description="CSV of what currencies are worth")
    restricted: Path | None = Field(None, description="CSV of accounts and instruments that must not be dealt in")
    model_keys: list[Path] = Field(
        [], description="public keys (Ed25519, PEM); with any, only anomaly models signed by one of them are taken"
    )
    correction_delay_s: float = Field(
        1.0, gt=0, le=3600, description="seconds without more late events, busts or corrections before a correction run"
    )

    @model_validator(mode="after")
    def _known_rules(self) -> Self:
        try:
            made = self._with_rules(EngineConfiguration())
            made.check()
            if wrong := sorted(made.waiting.keys() - self._named_in_directory()):
                told = f"expected a rule of the catalogue or of {self.rules_directory}"
                raise ConfigurationError(f"unknown rule {wrong[0]!r}: {told}")
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return self

    def _named_in_directory(self) -> set[str]:
        """Ids that files of the rules directory are named after; what they hold is looked at later."""
        directory = self.rules_directory
        files = directory.iterdir() if directory is not None and directory.is_dir() else ()
        return {path.stem for path in files if path.suffix in FORMS}

    def _with_rules(self, configuration: EngineConfiguration) -> EngineConfiguration:
        """Rules and scopes as set; those that a rules directory may bring wait for it."""
        rules = {rule_id: {} for rule_id in RULE_BY_ID} if self.rules is None else self.rules
        brought = self.rules_directory is not None
        waiting = {rule_id: each for rule_id, each in rules.items() if brought and rule_id not in RULE_BY_ID}
        scopes = checked_scopes(self.scopes)
        named = {rule_id for scope in scopes for rule_id in scope.rules if brought and rule_id not in RULE_BY_ID}
        return replace(
            configuration,
            rules={rule_id: each for rule_id, each in rules.items() if rule_id not in waiting},
            waiting={**{rule_id: {} for rule_id in named}, **waiting},
            scopes=scopes,
            kept=self.directory / PLACE if brought else None,
        )

    def configuration(self) -> EngineConfiguration:
        """What the engine starts with. Raises ReferenceDataError, NotADirectoryError for the rules, and
        SignatureError for a key that is none."""
        tables = {name: getattr(self, name) for name in TABLES}
        rows = {name: read_table(name, path) for name, path in tables.items() if path is not None}
        if self.rules_directory is not None and not self.rules_directory.is_dir():
            raise NotADirectoryError(f"rules_directory: expected a directory of rules, found {self.rules_directory}")
        trust = Trust.in_files(self.model_keys)
        return self._with_rules(EngineConfiguration({}, Reference.of(**rows), marks_come=True, trust=trust))


@asynccontextmanager
async def lifespan(service: Service, settings: DetectionSettings) -> AsyncIterator[None]:
    """Recover, subscribe, serve."""
    warn_once_if_interpreted()
    try:
        started_with = settings.configuration()
        engine = Engine(started_with)
        consumer = Consumer(engine, Checkpoints(settings.directory), settings.snapshot_every_events)
    except (ReferenceDataError, SignatureError, OSError) as error:
        raise StartError(str(error)) from error
    try:
        consumer.recover()
    except ModelError as error:
        told = "publish a signed model before its key is named in detection.model_keys"
        raise StartError(f"the anomaly model in force is refused: {error}; {told}") from error
    _note_start(settings.directory, started_with, consumer)
    servicer = DetectionServicer(consumer, service)
    service.add(detection_pb2_grpc.add_DetectionServiceServicer_to_server, servicer, SERVICE_NAME)
    progress = _metrics(service, consumer)
    async with (
        IngestClient(settings.ingest, service.security) as ingest,
        CaseClient(settings.cases, service.security) as cases,
    ):
        service.spawn(consumer.outbox.run(cases))
        service.spawn(consumer.changes.run(cases))
        service.spawn(tell_rule_texts(consumer, cases))
        runs = CorrectionRuns(
            consumer, lambda position: ingest.subscribe(position, f"{SECTION}-corrections"), settings.correction_delay_s
        )
        service.spawn(runs.run(ingest.end))
        kept = engine.configuration.kept
        if settings.rules_directory is not None and kept is not None:
            watch = RulesWatch(settings.rules_directory, kept, consumer, partial(_publish_rules, ingest))
            service.spawn(watch.run(ingest.end))
        service.spawn(consumer.run(ingest.subscribe(consumer.next_sequence, SECTION), progress))
        yield


def _note_start(directory: Path, started_with: EngineConfiguration, consumer: Consumer) -> None:
    """Tells where the settings are not those of the start before. Raises StartError."""
    known = {each.change_id for each in consumer.changes.newest}
    problem = NOT_IN_FORCE if consumer.is_configured_by_journal else ""
    now_ns = time.time_ns()
    try:
        changes = note_start(directory, started_with, consumer.next_sequence, now_ns, problem)
    except (OSError, ValueError, KeyError, TypeError) as error:
        place = directory / FILE
        raise StartError(f"{place}: expected what detection was started with before: {error}; remove it") from error
    consumer.changes.remind(changes)
    for change in changes:
        if change.time_ns == now_ns and change.change_id not in known:
            _log.warning("other settings than at the start before", what=change.what, problem=change.problem)


async def _publish_rules(ingest: IngestClient, content: bytes, request_id: str) -> int:
    return await ingest.publish_control(ingest_pb2.CONTROL_KIND_RULES, content, request_id, None)


def _metrics(service: Service, consumer: Consumer) -> Callable[[], None]:
    registry = service.metrics
    position = Gauge("tapewatch_detection_next_sequence", "Journal position processed up to", registry=registry)
    pending = Gauge("tapewatch_detection_alerts_pending", "Alert revisions not yet recorded", registry=registry)
    held = Gauge("tapewatch_detection_events_held", "Events held back for order", registry=registry)
    made = Counter("tapewatch_detection_alert_revisions", "Alert revisions made", registry=registry)
    late = Gauge("tapewatch_detection_late_awaiting", "Late events not put in their place yet", registry=registry)
    runs = Gauge("tapewatch_detection_correction_runs", "Correction runs made", registry=registry)
    withdrawn = Gauge("tapewatch_detection_alerts_withdrawn", "Alerts taken back by runs", registry=registry)
    seen = consumer.outbox.made

    def progress() -> None:
        nonlocal seen
        outbox = consumer.outbox
        position.set(consumer.next_sequence)
        pending.set(consumer.alerts_pending)
        held.set(consumer.ordering.pending_rows)
        corrections = consumer.corrections
        late.set(corrections.awaiting.total())
        runs.set(corrections.counts.runs)
        withdrawn.set(corrections.counts.alerts_withdrawn)
        if outbox.made > seen:
            made.inc(outbox.made - seen)
            seen = outbox.made

    return progress
