from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tapewatch.bench.postgres_server import FORGETFUL, ServerAbsentError, running_server
from tests.case_service.databases import BLANK, BOTH, Server, serving
from tests.case_service.fakes import Cases, running_cases

FIXTURES = {"sqlite": "sqlite_database", "postgresql": "postgres_database"}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all tests of a session; they are skipped by name where none is installed."""
    try:
        with running_server(FORGETFUL) as server, serving(server) as session:
            yield session
    except ServerAbsentError as error:
        pytest.skip(str(error))


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Path:
    """Where a SQLite database may be made."""
    return tmp_path / "cases" / "cases.db"


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[str]:
    """The URL of a migrated database without a row."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    """A database without a row, on SQLite and on PostgreSQL: the test runs once on each."""
    return str(request.getfixturevalue(FIXTURES[request.param]))


@pytest.fixture(params=BOTH)
def blank_database(request: pytest.FixtureRequest, sqlite_database: Path) -> Iterator[str]:
    """A database without a table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield str(sqlite_database)
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.create(BLANK)
    yield url
    server.drop(url)


@pytest.fixture
async def cases(database: str) -> AsyncIterator[Cases]:
    async with running_cases(database) as running:
        yield running
