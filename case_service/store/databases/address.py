"""`cases.database`: the path of a SQLite file, or the URL of a PostgreSQL database without its password."""

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tapewatch.runtime.errors import StartError

SCHEMES = ("postgresql", "postgres")
DRIVER = "postgresql+asyncpg"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
QUERY_KEYS = ("host", "sslmode")
EXPECTED = (
    "expected the path of a SQLite file or postgresql://USER@HOST:PORT/DATABASE[?sslmode=verify-full][&host=/SOCKET]"
)
PASSWORD_PLACES = (
    "`cases.database_password_file`, TAPEWATCH__CASES__DATABASE_PASSWORD, PGPASSWORD or the file of PGPASSFILE"
)


def is_server(database: str) -> bool:
    """Whether the setting names a server rather than a file."""
    return "://" in database


def server_url(database: str) -> URL:
    """The address of a PostgreSQL database, for SQLAlchemy. Raises ValueError, which never shows a password."""
    try:
        url = make_url(database)
    except ArgumentError:
        raise ValueError(f"{EXPECTED}, found a URL that cannot be read") from None
    if url.drivername not in SCHEMES:
        raise ValueError(f"{EXPECTED}, found the scheme {url.drivername}")
    if url.password is not None:
        raise ValueError(f"expected no password in the URL, where logs may show it; put it in {PASSWORD_PLACES}")
    unknown = sorted(set(url.query) - set(QUERY_KEYS))
    if unknown:
        raise ValueError(f"{EXPECTED}, found the parameter {unknown[0]}")
    if not url.database:
        raise ValueError(f"{EXPECTED}, found no database")
    mode = url.query.get("sslmode", "prefer")
    if mode not in SSL_MODES:
        raise ValueError(f"expected an sslmode among {', '.join(SSL_MODES)}, found {mode!r}")
    query = {key: value for key, value in url.query.items() if key != "sslmode"}
    return url.set(drivername=DRIVER, query={**query, **({"ssl": mode} if "sslmode" in url.query else {})})


def server_name(url: URL) -> str:
    """What people call it: host, port and database."""
    return f"case database {url.database} at {url.query.get('host') or url.host or 'localhost'}:{url.port or 5432}"


def password_of(given: str, file: Path | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The password from the setting, its file or the environment; None where the driver shall look by itself.

    Raises StartError naming the file that cannot be read.
    """
    if given:
        return given
    if file is None:
        return environ.get("PGPASSWORD")
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"database_password_file: expected a readable file, found {file}: {error}") from error
