"""A sink that plays ingest: durable on demand, knowing repeated events by their identity."""

import asyncio

from tapewatch.client.ingest import PublishResult
from tapewatch.market.frame import Frame
from tapewatch.market.identity import event_id


class FakeIngest:
    """Keeps the rows of what was published, each identity once; ``is_open`` cleared means ingest is away."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.published_count = 0
        self.marks: list[str] = []
        self.frame_sizes: list[int] = []
        self.is_open = asyncio.Event()
        self.is_open.set()
        self._ids: set[str] = set()

    async def submit(self, frame: Frame) -> "asyncio.Future[PublishResult]":
        """Takes the frame once ingest is there; the answer waits for that."""
        await asyncio.sleep(0)  # as where there is no room at once
        return asyncio.ensure_future(self._publish(frame))

    async def _publish(self, frame: Frame) -> PublishResult:
        await self.is_open.wait()
        before = len(self.rows)
        self.frame_sizes.append(frame.row_count)
        for row in frame.rows():
            self.published_count += 1
            name = event_id(
                str(row["source"]),
                int(str(row.get("source_epoch") or 0)),
                int(str(row["source_sequence"])),
                int(str(row.get("source_part") or 0)),
                str(row.get("event_key") or ""),
            )
            if name not in self._ids:
                self._ids.add(name)
                self.rows.append(row)
        fresh = len(self.rows) - before
        return PublishResult("b", fresh, frame.row_count - fresh, (), len(self.rows))

    async def end_of_source(self, source: str) -> object:
        """Waits while ingest is away, then takes the mark."""
        await self.is_open.wait()
        self.marks.append(f"end {source} after {len(self.rows)}")
        return None

    async def start_of_source(self, source: str) -> object:
        """Waits while ingest is away, then takes the mark."""
        await self.is_open.wait()
        self.marks.append(f"start {source} after {len(self.rows)}")
        return None

    def executions(self) -> list[object]:
        """The execution ids in the order of arrival."""
        return [row["execution_id"] for row in self.rows]
