"""The gateway and ingest as processes, for the tests that kill them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fix_gateway.processes import Stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    running = Stack(tmp_path)
    for name in ("ingest_service", "fix_gateway"):
        running.start(name)
    try:
        yield running
    finally:
        running.stop()
