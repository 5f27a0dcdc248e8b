"""A service for the supervisor's tests: `python -m tests.tapewatch.cli.fake_service --config FILE` (section ingest)."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tapewatch.runtime.errors import StartError
from tapewatch.runtime.service import Service, run_service
from tapewatch.runtime.settings import Section


class FakeSettings(Section):
    """`refuses`: what it says instead of starting."""

    listen: str
    refuses: str = ""
    stopped_marker: Path | None = None


@asynccontextmanager
async def lifespan(service: Service, settings: FakeSettings) -> AsyncIterator[None]:
    if settings.refuses:
        raise StartError(settings.refuses)
    yield
    if settings.stopped_marker is not None:
        settings.stopped_marker.write_text("in good order")


if __name__ == "__main__":
    sys.exit(run_service("fake", "ingest", FakeSettings, lifespan))
