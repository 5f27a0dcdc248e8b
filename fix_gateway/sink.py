"""Where event frames go; publishing returns when they are durable."""

import asyncio
from typing import Protocol

from tapewatch.client.ingest import IngestPublisher, PublishResult
from tapewatch.market.frame import Frame


class EventSink(Protocol):
    """Takes frames of events and returns once they are durable."""

    async def submit(self, frame: Frame) -> "asyncio.Future[PublishResult]":
        """Sends a frame once there is room; awaited, the answer counts what was journalled, doubled and rejected."""
        ...

    async def end_of_source(self, source: str) -> object:
        """Says that a source sends no more for now; returns once that is durable."""
        ...

    async def start_of_source(self, source: str) -> object:
        """Says that a source is there again; returns once that is durable."""
        ...


class IngestSink:
    """Publishes to the ingest service through the SDK; waits for ingest as long as it takes."""

    def __init__(self, publisher: IngestPublisher) -> None:
        self._publisher = publisher

    async def submit(self, frame: Frame) -> "asyncio.Future[PublishResult]":
        """Sends a frame; the answer raises ClientError where ingest refuses it as malformed."""
        return await self._publisher.submit(frame)

    async def end_of_source(self, source: str) -> object:
        """Says that a source sends no more for now."""
        return await self._publisher.end_of_source(source)

    async def start_of_source(self, source: str) -> object:
        """Says that a source is there again."""
        return await self._publisher.start_of_source(source)
