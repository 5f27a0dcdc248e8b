"""Everything that is particular to SQLite: how it is opened, when its transactions begin, what damage looks like."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError

from tapewatch.runtime.errors import DataLoss, ServiceError, StartError

BUSY_TIMEOUT_MS = 5_000
CACHE_KIB = 65_536
CHECKPOINT_PAGES = 8_000
"""With both the writer takes a sixth less CPU than with the defaults, measured; 32 MB of log between checkpoints."""
WRITER_PRAGMAS = (
    *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"),
    *(f"busy_timeout={BUSY_TIMEOUT_MS}", f"cache_size=-{CACHE_KIB}", f"wal_autocheckpoint={CHECKPOINT_PAGES}"),
)
"""WAL lets readers go on while one writes; FULL makes a commit wait for the disk; what is deleted is overwritten."""
READER_PRAGMAS = ("query_only=ON", "case_sensitive_like=ON", f"busy_timeout={BUSY_TIMEOUT_MS}", "cache_size=-16384")
_DAMAGE = ("malformed", "not a database", "file is encrypted")
ANALYSIS_ROWS = 1_000
Result = TypeVar("Result")


class SqliteDatabase:
    """A file of this machine; a lock file beside it keeps a second service from writing."""

    def __init__(self, path: Path, readers: int) -> None:
        self.name = f"case database {path}"
        self._path = path
        self._writer = open_writer(path)
        self._readers = open_readers(path, readers)
        self._lock: int | None = None

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The driver's, as SQLAlchemy gives them on."""
        return (DatabaseError,)

    def prepare(self, work: Callable[[Connection], Result]) -> Result:
        """Make the folder, take the lock, run the first transaction; StartError when any of it cannot be."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _locked(self._path)
            return self.write(work)
        except (OSError, DatabaseError) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise StartError(
                f"{self.name}: expected a file that can be read and written, found: {cause}; check the path "
                "(`cases.database`), its permissions and the space left, or restore a copy"
            ) from error

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """In a transaction that holds the write lock from its beginning."""
        with self._writer.begin() as connection:
            return work(connection)

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """In one snapshot."""
        with self._readers.begin() as connection:
            return work(connection)

    def refusal(self, error: Exception) -> ServiceError | None:
        """DataLoss for a damaged file; a full disk or a failed write is nobody's to retry: the service ends."""
        if isinstance(error, DatabaseError) and is_damage(error):
            return DataLoss("STORE_DAMAGED", "the case database is damaged: restore a copy")
        return None

    def tidy(self) -> None:
        """A sample of each index; the readers take the findings when they connect anew."""
        with self._writer.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSIS_ROWS}")
            connection.exec_driver_sql("ANALYZE")
        self._readers.dispose()

    def close(self) -> None:
        """Fold the log in and give the lock back."""
        self._readers.dispose()
        self._writer.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_writer(path: Path) -> Engine:
    """The engine of the one writer; a transaction takes the write lock when it begins."""
    return _open(path, WRITER_PRAGMAS, "BEGIN IMMEDIATE", 1)


def open_readers(path: Path, count: int) -> Engine:
    """The engine of `count` readers; a transaction is one snapshot and cannot write."""
    return _open(path, READER_PRAGMAS, "BEGIN", count)


def is_damage(error: BaseException) -> bool:
    """Whether a database error says that the file itself is damaged."""
    return any(sign in str(error) for sign in _DAMAGE)


def _locked(path: Path) -> int:
    """The open lock file beside a database; the system lets go of it when the process ends, however it ends."""
    handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StartError(
            f"case database {path}: expected to be its only writer, found another service that writes to it; stop "
            "that one, or give this one a file of its own (`cases.database`)"
        ) from None
    return handle


def _open(path: Path, pragmas: tuple[str, ...], begin: str, connections: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # errors reach logs
        connect_args={"check_same_thread": False},
    )

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # or the driver would begin transactions by itself, and too late
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin_transaction)
    return engine
