"""Opens the database that `cases.database` names."""

from pathlib import Path

from case_service.store.databases.address import is_server, server_url
from case_service.store.databases.database import Database
from case_service.store.databases.sqlite import SqliteDatabase
from tapewatch.runtime.errors import StartError


def open_database(database: str | Path, password: str | None, readers: int) -> Database:
    """A SQLite file, or a database of a PostgreSQL server; nothing is touched before `prepare`.

    Raises StartError when the drivers of PostgreSQL are not installed.
    """
    if not is_server(str(database)):
        return SqliteDatabase(Path(database), readers)
    try:
        from case_service.store.databases.postgres import PostgresDatabase
    except ImportError as error:
        raise StartError(
            f"`cases.database` names a PostgreSQL server: expected its driver, found {error}; install it with "
            "pip install 'tapewatch[postgres]', or give the path of a SQLite file"
        ) from error
    return PostgresDatabase(server_url(str(database)), password, readers)
