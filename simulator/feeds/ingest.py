"""Ingest as a feed: batches of event frames over gRPC, each acknowledged once it is durable."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.event_frame import frame_of
from simulator.feeds.feed import FeedError
from simulator.report import Report
from simulator.tape import Batch
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import IngestClient, IngestPublisher, PublishResult
from tapewatch.market.frame import Frame
from tapewatch.market.reference import TABLES, Reference, read_table
from tapewatch.runtime.security import SecuritySettings

SOURCE = "simulator"
ROWS_A_BATCH = 2_048
PATIENCE_SECONDS = 30.0
"""How long ingest may be away before the run fails."""
END_SECONDS_MAX = 5.0
"""How long the end of the source may take to be durable; ingest notices the silence where it was not."""


class IngestFeed:
    """Publishes reports in batches as one source; `epoch` keeps the numbers of one run apart from those of others."""

    def __init__(self, publisher: IngestPublisher, epoch: int, source: str = SOURCE) -> None:
        self._publisher = publisher
        self._source = source
        self._epoch = epoch
        self._rows: list[dict[str, object]] = []
        self._count = 0
        self._waiting: deque[asyncio.Future[PublishResult]] = deque()
        self._refusal: FeedError | None = None

    async def send(self, report: Report) -> None:
        """Keep a row until the batch is full."""
        self._count += 1
        marks = {"source": self._source, "source_epoch": self._epoch, "source_sequence": self._count}
        self._rows.append({**report.row(), **marks})
        if len(self._rows) >= ROWS_A_BATCH:
            await self.flush()

    async def send_batch(self, batch: Batch) -> None:
        """Publish rows as they are."""
        await self.flush()
        frame = frame_of(batch, self._source, self._epoch, self._count + 1)
        self._count += batch.row_count
        await self._submit(frame)

    async def flush(self) -> None:
        """Publish the rows kept so far; wait while too much is on its way. Raises FeedError."""
        while self._waiting and self._waiting[0].done():
            await self._settle(self._waiting.popleft())
        if self._refusal is not None:
            raise self._refusal
        if self._rows:
            frame, self._rows = Frame.from_rows(self._rows), []
            await self._submit(frame)

    async def _submit(self, frame: Frame) -> None:
        try:
            self._waiting.append(await self._publisher.submit(frame))
        except ClientError as error:
            raise FeedError(str(error)) from error

    async def drained(self, timeout_s: float) -> None:
        """Return once everything is durable. Raises TimeoutError, and FeedError where rows were refused."""
        await self.flush()
        async with asyncio.timeout(timeout_s):
            for future in list(self._waiting):
                await self._settle(future)
        if self._refusal is not None:
            raise self._refusal

    async def _settle(self, future: "asyncio.Future[PublishResult]") -> None:
        """Wait for a batch; what went wrong with the first that did is kept for every later call."""
        try:
            result = await asyncio.shield(future)
        except ClientError as error:
            self._refusal = self._refusal or FeedError(str(error))
            return
        if result.rejected:
            first = result.rejected[0]
            self._refusal = self._refusal or FeedError(
                f"ingest refused {len(result.rejected)} events, the first for {first.field}: {first.reason}; "
                "`tapewatch sources quarantine list` has them"
            )


@asynccontextmanager
async def open_ingest_feed(target: str, security: SecuritySettings, epoch: int) -> AsyncIterator[IngestFeed]:
    """Start the source at ingest; end it when left. Raises FeedError where ingest stays away."""
    try:
        async with IngestPublisher(target, security, name=SOURCE, patience_s=PATIENCE_SECONDS) as publisher:
            await publisher.start_of_source(SOURCE)
            try:
                yield IngestFeed(publisher, epoch)
            finally:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(publisher.end_of_source(SOURCE), END_SECONDS_MAX)
    except ClientError as error:
        raise FeedError(str(error)) from error


async def publish_reference(target: str, security: SecuritySettings, directory: Path) -> None:
    """Journal the tables in a directory; the same tables are journalled once. Raises FeedError."""
    files = {name: path for name in TABLES if (path := directory / f"{name}.csv").exists()}
    reference = Reference.of(**{name: read_table(name, path) for name, path in files.items()})
    try:
        async with IngestClient(target, security) as client:
            await client.publish_reference(reference, PATIENCE_SECONDS)
    except ClientError as error:
        raise FeedError(f"the reference data was not published: {error}") from error
