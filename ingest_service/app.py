"""Settings and wiring of ingest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import time_ns
from typing import Final

import structlog
from pydantic import Field

from ingest_service.intake import Intake
from ingest_service.metrics import IngestCollector
from ingest_service.publish import PENDING_BYTES_MAX, Publisher
from ingest_service.recovery import Snapshots, rebuild
from ingest_service.servicer import FULL_NAME, IngestServicer
from ingest_service.silence import SilenceWatch
from ingest_service.source_watch import SourceWatch, WatchOptions
from ingest_service.subscribe import Subscribers
from tapewatch.runtime.errors import DataLoss, StartError
from tapewatch.runtime.journal import Journal, JournalOptions, Retention
from tapewatch.runtime.service import Service
from tapewatch.runtime.settings import Section

QUARANTINE_SEGMENT_BYTES: Final = 1 << 20
ROUND_S: Final = 1.0
_log = structlog.get_logger(__name__)


class IngestSettings(Section):
    """The section `ingest` of the settings file."""

    listen: str = Field("127.0.0.1:50051", description="HOST:PORT of the gRPC server; port 0 takes any free one")
    directory: Path = Field(Path("tapewatch-data/ingest"), description="journal, quarantine and snapshot live here")
    segment_bytes: int = Field(128 << 20, ge=4096, le=4 << 30, description="size at which a journal segment ends")
    commit_interval_ms: float = Field(
        2.0, ge=0, le=1000, description="how long a batch may wait for others before the disk is synced for all"
    )
    pending_bytes_max: int = Field(
        PENDING_BYTES_MAX, ge=1 << 20, description="bytes that may wait for the disk before senders are held back"
    )
    retention_bytes: int | None = Field(64 << 30, ge=1 << 20, description="journal size kept; null: no limit")
    retention_hours: float | None = Field(None, gt=0, description="age of journal segments kept; null: no limit")
    quarantine_bytes: int = Field(1 << 30, ge=1 << 20, description="refused rows kept, oldest removed first")
    idle_s: float = Field(5.0, gt=0, description="silence of a source after which an idle mark is journalled")
    silence_s: float | None = Field(
        30.0, gt=0, description="silence of a source that has not ended after which it is reported; null: never"
    )
    silence_multiple: float = Field(
        3.0, ge=1, description="a source with pauses of its own may be silent so many times its longest of a day"
    )
    clock_skew_s: float | None = Field(
        2.0, gt=0, description="how far a source's event times may be from receive time, in the median; null: any"
    )
    canary_every_s: float | None = Field(
        15.0, gt=0, description="seconds between canaries, each of which tries the next rule; null: none"
    )
    snapshot_bytes: int = Field(
        256 << 20, ge=1 << 16, description="journal bytes after which ledger and dedupe are saved, to start fast"
    )

    def watch_options(self) -> WatchOptions:
        """When a silence, a skew or a canary is due."""
        return WatchOptions(
            silence_ns=_nanoseconds(self.silence_s),
            silence_multiple=self.silence_multiple,
            skew_ns=_nanoseconds(self.clock_skew_s),
            canary_ns=_nanoseconds(self.canary_every_s),
        )

    def journal_options(self) -> JournalOptions:
        """The journal's part of the settings."""
        age_ns = None if self.retention_hours is None else int(self.retention_hours * 3_600 * 10**9)
        return JournalOptions(
            segment_bytes=self.segment_bytes,
            commit_interval_ms=self.commit_interval_ms,
            retention=Retention(self.retention_bytes, age_ns),
        )


def _nanoseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1e9)


@asynccontextmanager
async def lifespan(
    service: Service, settings: IngestSettings, clock: Callable[[], int] = time_ns
) -> AsyncIterator[None]:
    """Recovers, then serves; at the end everything taken is durable and a snapshot makes the next start fast."""
    async with AsyncExitStack() as stack:
        options = settings.journal_options()
        small = JournalOptions(
            QUARANTINE_SEGMENT_BYTES, settings.commit_interval_ms, retention=Retention(settings.quarantine_bytes)
        )
        journal = await stack.enter_async_context(_open_journal(settings.directory / "journal", options, clock))
        log = await stack.enter_async_context(_open_journal(settings.directory / "quarantine", small, clock))
        snapshots = Snapshots(settings.directory / "state.snapshot", settings.snapshot_bytes)
        try:
            state = rebuild(journal, log, snapshots)
        except DataLoss as error:
            raise StartError(f"{settings.directory}: {error}") from error
        _log.info("recovered", next_sequence=journal.next_sequence, sources=len(state.ledger.sources))
        intake = Intake(journal, state, clock)
        subscribers = Subscribers(journal)
        servicer = IngestServicer(intake, Publisher(intake, service.stop, settings.pending_bytes_max), subscribers)
        service.add_handlers(servicer.handlers(), FULL_NAME)
        service.metrics.register(IngestCollector(intake))
        for task in (journal.watch(), log.watch(), intake.watch(), _end_followers(service, journal)):
            service.spawn(task)
        silence = SilenceWatch(intake, int(settings.idle_s * 1e9), clock)
        watch = SourceWatch(intake, settings.watch_options(), clock)
        service.spawn(_rounds(intake, silence, watch, snapshots, subscribers))
        yield
        if service.failure is None:
            await snapshots.save(intake)


async def _end_followers(service: Service, journal: Journal) -> None:
    await service.stop.wait()
    journal.end_followers()


async def _rounds(
    intake: Intake, silence: SilenceWatch, watch: SourceWatch, snapshots: Snapshots, subscribers: Subscribers
) -> None:
    """Once a ROUND_S: marks, a snapshot where one is due, retention."""
    while True:
        await asyncio.sleep(ROUND_S)
        for source in silence.look():
            _log.info("source is idle", source=source)
        for mark in watch.look():
            _log.info("journalled a mark", **mark)
        if snapshots.is_due(intake):
            await snapshots.save(intake)
        intake.state.quarantine.retain(snapshots.quarantine_sequence)
        for path in intake.journal.retain(_retention_floor(intake.journal, snapshots, subscribers)):
            _log.info("removed a journal segment beyond retention", path=str(path))
        intake.state.times.forget(intake.journal.first_sequence)


def _retention_floor(journal: Journal, snapshots: Snapshots, subscribers: Subscribers) -> int:
    """Nothing past the snapshot goes, and nothing a subscriber still wants while there is twice the room."""
    limit_bytes = journal.options.retention.bytes_max
    if limit_bytes is not None and journal.extent.size_bytes > 2 * limit_bytes:
        return snapshots.sequence
    return min([snapshots.sequence, *subscribers.positions.values()])


def _open_journal(directory: Path, options: JournalOptions, clock: Callable[[], int]) -> Journal:
    try:
        journal = Journal.open(directory, options, clock)
    except DataLoss as error:
        raise StartError(f"{directory}: {error}") from error
    if journal.recovery is not None:
        lost = journal.recovery.lost_sequence
        log = _log.info if lost is None else _log.error
        log("cut an incomplete write", what=str(journal.recovery), durable_rows_lost_from=lost)
    return journal
