"""A file as a feed: events as `tapewatch simulate` writes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.output import BATCH_EVENTS, EVENT_FILES, SINKS, EventSink, Format, ParquetSink
from simulator.report import Report
from simulator.tape import Batch


class FileFeed:
    """Writes reports in batches; a batch is written beside the loop, so that the service keeps answering."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._reports: list[Report] = []
        self._turn = asyncio.Lock()

    async def send(self, report: Report) -> None:
        """Keep a report until the batch is full."""
        self._reports.append(report)
        if len(self._reports) >= BATCH_EVENTS:
            await self.flush_all()

    async def flush(self) -> None:
        """Nothing: a file is read when it is whole, and small batches make it slow."""

    async def drained(self, timeout_s: float) -> None:
        """Return once everything is written."""
        await self.flush_all()

    async def flush_all(self) -> None:
        """Write the batch as it is."""
        async with self._turn:
            if self._reports:
                reports, self._reports = self._reports, []
                await asyncio.to_thread(self._sink.write, reports)


class ParquetFeed(FileFeed):
    """The same for Parquet, which is written by columns."""

    def __init__(self, sink: ParquetSink) -> None:
        super().__init__(sink)
        self._columns = sink

    async def send_batch(self, batch: Batch) -> None:
        """Write rows; wait while too many are under way."""
        await self.flush_all()
        async with self._turn:
            await asyncio.to_thread(self._columns.write_batch, batch)

    async def drained(self, timeout_s: float) -> None:
        """Return once everything is written."""
        await super().drained(timeout_s)
        async with self._turn:
            await asyncio.to_thread(self._columns.settle)


@asynccontextmanager
async def open_file_feed(directory: Path, format: Format) -> AsyncIterator[FileFeed]:
    """Begin the file of events in a directory that is there; finish it when left."""
    sink = SINKS[format](directory / EVENT_FILES[format])
    feed = ParquetFeed(sink) if isinstance(sink, ParquetSink) else FileFeed(sink)
    try:
        yield feed
        await feed.flush_all()
    finally:
        sink.close()
