"""The store as the service sees it: units of work through one writer, snapshots through many readers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from case_service.store import sqlite
from case_service.store.migrate import migrate
from case_service.store.reading import change_head
from case_service.store.transaction import Transaction
from case_service.store.writer import Writer
from case_service.watch import Bell
from tapewatch.runtime.errors import DataLoss, StartError

READERS = 4
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Store:
    """Alerts, cases and their history on disk; `bell` rings when something was committed."""

    def __init__(self, writer: Writer, readers: Engine, reader_count: int, bell: Bell) -> None:
        self.bell = bell
        self.writer = writer
        self._readers = readers
        self._threads = ThreadPoolExecutor(reader_count, thread_name_prefix="case-reader")

    async def write(self, work: Callable[[Transaction], Result]) -> Result:
        """Run a unit of work; its result is durable. See `Writer.write`."""
        return await self.writer.write(work)

    async def read(
        self,
        query: Callable[Concatenate[Connection, Parameters], Result],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Run a query in one snapshot; DataLoss when the database says that it is damaged."""

        def run() -> Result:
            try:
                with self._readers.begin() as connection:
                    return query(connection, *arguments, **named)
            except DatabaseError as error:
                if sqlite.is_damage(error):
                    raise DataLoss("STORE_DAMAGED", "the case database is damaged: restore a copy") from error
                raise

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def close(self) -> None:
        """Wait for what runs, then let go of the database."""
        self.writer.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._readers.dispose()


@asynccontextmanager
async def open_store(path: Path, clock_ns: Callable[[], int], readers: int = READERS) -> AsyncIterator[Store]:
    """Open the database, made and migrated as needed; the caller runs `store.writer.run()`.

    Raises StartError when the path cannot be used or the database is of a newer version or damaged.
    """
    engine, head = await asyncio.to_thread(_prepare, path)
    bell = Bell(head)
    store = Store(Writer(engine, clock_ns, bell.ring), sqlite.open_readers(path, readers), readers, bell)
    try:
        yield store
    finally:
        await asyncio.to_thread(store.close)
        await asyncio.to_thread(engine.dispose)


def _prepare(path: Path) -> tuple[Engine, int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = sqlite.open_writer(path)
        with engine.begin() as connection:
            migrate(connection)
            return engine, change_head(connection)
    except (OSError, DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        raise StartError(
            f"case database {path}: expected a file that can be read and written, found: {cause}; check the path "
            "(`cases.database`), its permissions and the space left, or restore a copy"
        ) from error
