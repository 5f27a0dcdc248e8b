"""Everything that is particular to PostgreSQL: how it is reached, who may write, and which of its errors pass.

One session holds an advisory lock and does all the writing, so two services cannot both write; when its connection is
lost the lock is lost with it, and both are taken anew.
"""

import queue
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import structlog
from asyncpg import DataError, InterfaceError, LockNotAvailableError, PostgresError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from case_service.store.databases.address import PASSWORD_PLACES, server_name
from case_service.store.databases.database import RETRY_AFTER_MS
from case_service.store.databases.line import Line
from tapewatch.runtime.errors import DataLoss, InvalidArgument, ServiceError, StartError, Unavailable

WRITER_LOCK: Final = 0x7461_7065_7761_7463
"""The advisory lock of the one writer; locks of one database do not touch those of another."""
WRITER_WAIT_MS = 5_000
"""A writer that was killed may hold its lock until the server notices."""
CONNECT_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 20
"""A server that answers no statement for so long is taken for lost."""
START_WAIT_S = 15.0
START_PAUSE_S = 0.25
SESSION: Mapping[str, str] = {
    "application_name": "tapewatch-cases",
    "jit": "off",  # compiling costs more than any of these queries
    "timezone": "UTC",
    "synchronous_commit": "on",  # an answer follows the disk, whatever the server's default
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "5",  # a service cut off from the server gives its lock back in about 15 s
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "5",
    "tcp_user_timeout": "15000",
}
READER_SESSION: Mapping[str, str] = {
    **SESSION,
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_custom_plan",  # how a filter is best answered depends on its values
}
_PASSING = ("08", "53", "57")
"""Classes of errors that pass: connection, resources (disk, memory, connections), an operator stops the server."""
_UNHELD = "22"
"""The class of errors that say a value cannot be held: a NUL in a text, a number too large."""
_DAMAGED = ("XX001", "XX002")
_LOCK_NOT_AVAILABLE = LockNotAvailableError.sqlstate
DATABASE_ERRORS = (DBAPIError, InterfaceError, OSError, PostgresError)
Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class PostgresDatabase:
    """A database of a PostgreSQL server."""

    def __init__(self, url: URL, password: str | None, readers: int) -> None:
        self.name = server_name(url)
        self._url = url
        self._password = password
        self._writer = Line(url, self._arguments(SESSION, COMMAND_TIMEOUT_S), "READ COMMITTED", _become_writer)
        lines = [
            Line(url, self._arguments(READER_SESSION, COMMAND_TIMEOUT_S), "REPEATABLE READ") for _ in range(readers)
        ]
        self._lines = lines
        self._idle: queue.SimpleQueue[Line] = queue.SimpleQueue()
        for line in lines:
            self._idle.put(line)

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The driver's as SQLAlchemy gives them on; where it connects, the driver's and the network's own."""
        return DATABASE_ERRORS

    def prepare(self, work: Callable[[Connection], Result]) -> Result:
        """Wait for the server up to START_WAIT_S, become its writer, run the first transaction without a time limit."""
        self._reach()
        patient = Line(self._url, self._arguments(SESSION, None), "READ COMMITTED")
        try:
            return patient.run(work)
        finally:
            patient.close()

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """In a transaction of the session that holds the writer's lock."""
        return self._writer.run(work)

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """In one snapshot, on a connection that nobody else uses meanwhile."""
        line = self._idle.get()
        try:
            return line.run(work)
        finally:
            self._idle.put(line)

    def refusal(self, error: Exception) -> ServiceError | None:
        """Unavailable where the server is out of reach or out of resources, DataLoss where it finds damage."""
        state = _sqlstate(error)
        if state.startswith(_UNHELD) or isinstance(_cause(error), DataError):
            return InvalidArgument(
                "VALUE_NOT_HELD", "expected texts without NUL and numbers of 64 bits, found a value no database holds"
            )
        if state in _DAMAGED:
            return DataLoss("STORE_DAMAGED", "the case database is damaged: restore a copy")
        if state == _LOCK_NOT_AVAILABLE:
            return Unavailable(
                "ANOTHER_WRITER", "another case service writes to this database; ask that one", retry_after_ms=5_000
            )
        if state.startswith(_PASSING) or _lost(error):
            return Unavailable(
                "STORE_UNREACHABLE",
                "the case database cannot be reached or has no room: nothing was acknowledged; send the request again",
                retry_after_ms=RETRY_AFTER_MS,
            )
        return None

    def tidy(self) -> None:
        """The server does so by itself; this is for when much was written at once."""
        self._writer.run(lambda connection: connection.exec_driver_sql("ANALYZE"))

    def close(self) -> None:
        """Let go of every connection, and with the writer's of its lock."""
        for line in (self._writer, *self._lines):
            line.close()

    def _arguments(self, session: Mapping[str, str], command_timeout_s: int | None) -> dict[str, object]:
        arguments: dict[str, object] = {
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": command_timeout_s,
            "server_settings": dict(session),
        }
        return arguments if self._password is None else {**arguments, "password": self._password}

    def _reach(self) -> None:
        end_s = time.monotonic() + START_WAIT_S
        while True:
            try:
                unsafe = self._writer.run(_not_durable)
            except DATABASE_ERRORS as error:
                self._give_up(error, time.monotonic() > end_s)
                time.sleep(START_PAUSE_S)
            else:
                break
        if unsafe:
            _log.warning("database_forgets", database=self.name, found=unsafe, expected="fsync=on: commits survive")

    def _give_up(self, error: Exception, late: bool) -> None:
        """Raise StartError where waiting longer is of no use."""
        if _sqlstate(error) == _LOCK_NOT_AVAILABLE:
            raise StartError(
                f"{self.name}: expected to be its only writer, found another service that writes to it; stop that "
                "one, or give this one a database of its own (`cases.database`)"
            ) from error
        if late or not _may_come_up(error):
            cause = getattr(error, "orig", None) or error
            raise StartError(
                f"{self.name}: expected a PostgreSQL database that lets us in, found: {cause}; check that it runs, "
                f"`cases.database`, and the password in {PASSWORD_PLACES}"
            ) from error


async def _become_writer(driver: Any) -> None:
    """Take the writer's lock for this session; LockNotAvailableError when another one keeps it."""
    try:
        await driver.execute(f"SET lock_timeout = {WRITER_WAIT_MS}")
        await driver.execute("SELECT pg_advisory_lock($1)", WRITER_LOCK)
        await driver.execute("SET lock_timeout = 0")
    except (OSError, PostgresError, InterfaceError):
        driver.terminate()
        raise


def _not_durable(connection: Connection) -> str:
    """The setting of the server that lets a commit be forgotten; "" where there is none."""
    value = str(connection.exec_driver_sql("SHOW fsync").scalar_one())
    return "" if value == "on" else f"fsync={value}"


def _sqlstate(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def _cause(error: Exception) -> BaseException | None:
    """The driver's own error."""
    return error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error


def _lost(error: Exception) -> bool:
    invalid = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalid or isinstance(error, OSError | InterfaceError)


def _may_come_up(error: Exception) -> bool:
    return isinstance(error, OSError | InterfaceError) or _sqlstate(error).startswith(_PASSING)
