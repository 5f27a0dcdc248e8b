import socket
from collections.abc import Iterator

import pytest

from tests.tapewatch.cli.fakes import DeskFake, add_desk
from tests.tapewatch.client.fakes import serving_in_thread


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def desk() -> DeskFake:
    return DeskFake()


@pytest.fixture
def target(desk: DeskFake) -> Iterator[str]:
    """Where cases, ingest and detection answer."""
    with serving_in_thread(add_desk, lambda: desk) as address:
        yield address
