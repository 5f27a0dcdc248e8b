"""Empty case databases for tests: SQLite files, and databases of one PostgreSQL server a session, by template."""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from case_service.store.databases.address import is_server
from case_service.store.databases.database import Database
from case_service.store.databases.opening import open_database
from case_service.store.migrate import migrate
from tapewatch.bench.postgres_server import PostgresServer

TEMPLATE = "template_of_cases"
BLANK = "template1"
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))
"""Parameters of a fixture whose tests run once on each."""
_numbers = count(1)


@dataclass
class Server:
    """The session's server, and a template that holds the migrated schema."""

    server: PostgresServer
    _next: dict[str, tuple[str, "Future[list[Any]]"]] = field(default_factory=dict)

    def create(self, template: str = TEMPLATE) -> str:
        """The URL of a new database; the one after it is made while a test uses this one."""
        if template == TEMPLATE and TEMPLATE not in self._next:
            self._make_template()
        made = self._next.get(template) or self._begin(template)
        self._next[template] = self._begin(template)
        name, future = made
        future.result()
        return self.server.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected; nobody waits for it."""
        self.server.submit(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def _begin(self, template: str) -> tuple[str, "Future[list[Any]]"]:
        name = f"cases_{next(_numbers)}"
        return name, self.server.submit(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    def _make_template(self) -> None:
        self.server.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {BLANK}")
        database = open_database(self.server.url(TEMPLATE), None, 1)
        try:
            database.prepare(migrate)
        finally:
            database.close()


_running: list[Server] = []


@contextmanager
def serving(server: PostgresServer) -> Iterator[Server]:
    """Let `execute` find the server of a URL while this lasts."""
    _running.append(Server(server))
    try:
        yield _running[-1]
    finally:
        _running.pop()


def _name(url: str) -> str:
    return url.split("?")[0].rpartition("/")[2]


@contextmanager
def opened(location: str | Path, readers: int = 1) -> Iterator[Database]:
    """A database, migrated, for synchronous tests (the drivers of a server need a thread without an event loop)."""
    database = open_database(location, None, readers)
    try:
        database.prepare(migrate)
        yield database
    finally:
        database.close()


def dialect(location: str | Path) -> str:
    """Which of the two a location is of."""
    return "postgresql" if is_server(str(location)) else "sqlite"


def execute(location: str | Path, script: str) -> None:
    """Run SQL behind the service's back."""
    if is_server(str(location)):
        _running[-1].server.execute(script + ";", _name(str(location)))
        return
    with closing(sqlite3.connect(location)) as connection:
        connection.executescript(script)


def rows_of(location: str | Path, query: str) -> Sequence[tuple[Any, ...]]:
    """The rows of a query behind the service's back."""
    if is_server(str(location)):
        return [tuple(row) for row in _running[-1].server.execute(query, _name(str(location)))]
    with closing(sqlite3.connect(location)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def module_database(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Database]:
    """A database, migrated and open, for all tests of a module; the kind is the fixture's parameter."""
    if request.param == "sqlite":
        with opened(folders.mktemp("cases") / "cases.db") as database:
            yield database
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.create()
    with opened(url) as database:
        yield database
    server.drop(url)
