"""Empty case databases to measure in: a SQLite file, and a PostgreSQL server of our own where one is installed."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tapewatch.bench.postgres_server import ServerAbsentError, running_server

SQLITE = "SQLite"
POSTGRESQL = "PostgreSQL"
SERVER = ("fsync=on", "shared_buffers=512MB", "max_wal_size=4GB")
"""What somebody who runs one would set; a commit waits for the disk."""


@contextmanager
def databases() -> Iterator[list[tuple[str, str]]]:
    """Names and places of both; of SQLite alone where no server is installed."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tapewatch-bench-"))
        places = [(SQLITE, str(Path(folder) / "cases.db"))]
        try:
            server = stack.enter_context(running_server(SERVER))
        except ServerAbsentError:
            yield places
            return
        server.execute("CREATE DATABASE cases")
        yield [*places, (POSTGRESQL, server.url("cases"))]
