"""A PostgreSQL server of our own on a temporary folder, for measuring and for tests; gone when it is closed."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "tapewatch"
PASSWORD = "only-for-this-machine"
INSTALL = "apt-get install postgresql"
FOLDERS = "/usr/lib/postgresql"
SYSTEM_USERS = ("postgres", "nobody")
READY_TIMEOUT_S = 30.0
READY_PAUSE_S = 0.02
STOP_TIMEOUT_S = 20
FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""For tests whose subject is not the disk."""


class ServerAbsentError(Exception):
    """There is no PostgreSQL server on this machine; the text says how to install one."""


def programs() -> Path:
    """The folder of initdb and postgres; ServerAbsentError where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = [each.parent for each in Path(FOLDERS).glob("*/bin/initdb")]
    if not folders:
        raise ServerAbsentError(f"PostgreSQL is not installed: {INSTALL}")
    return max(folders, key=lambda each: int(each.parent.name.split(".")[0]))


class PostgresServer:
    """A server on an initialised folder: a socket without a password, and a port of 127.0.0.1 with one."""

    def __init__(self, programs_folder: Path, home: Path, settings: Sequence[str]) -> None:
        self.home = home
        self.port = _free_port()
        self._programs = programs_folder
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="postgres-admin")
        self._loop = asyncio.new_event_loop()
        self._connections: dict[str, Any] = {}

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.home}"]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self.home / "files"),
                    *(part for each in (*options, *self._settings) for part in ("-c", each)),
                ],
                stdout=log,
                stderr=log,
                **_as(_owner()),
            )
        end_s = time.monotonic() + READY_TIMEOUT_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end_s:
                self.stop()
                raise OSError(f"PostgreSQL did not start: {(self.home / 'server.log').read_text()[-2_000:]}")
            time.sleep(READY_PAUSE_S)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks connections off, SIGQUIT is a crash; nothing if it ended already."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def url(self, database: str) -> str:
        """How `cases.database` names a database of it, by the socket."""
        return f"postgresql://{USER}@:{self.port}/{database}?host={self.home}"

    def network_url(self, database: str) -> str:
        """How `cases.database` names a database of it, by the network."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, script: str, database: str = "postgres") -> list[Any]:
        """Run SQL outside any transaction of ours; the rows of the last statement, if it is the only one."""
        return self.submit(script, database).result()

    def submit(self, script: str, database: str = "postgres") -> "Future[list[Any]]":
        """The same without waiting; one after another."""
        return self._thread.submit(self._loop.run_until_complete, self._execute(script, database))

    def close(self) -> None:
        """Let go of the connection that `execute` keeps; the server runs on."""
        self._thread.submit(self._loop.run_until_complete, self._disconnect()).result()
        self._thread.shutdown()
        self._loop.close()

    def _ready(self) -> bool:
        asked: list[str | Path] = [self._programs / "pg_isready", "-q", "-h", self.home, "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    async def _disconnect(self) -> None:
        for connection in self._connections.values():
            connection.terminate()  # a polite end is of no use where the server has gone
        await asyncio.sleep(0)

    async def _execute(self, script: str, database: str) -> list[Any]:
        import asyncpg

        held = self._connections.get(database)
        held = None if held is None or held.is_closed() else held
        connection = held or await asyncpg.connect(
            host=str(self.home), port=self.port, user=USER, database=database, statement_cache_size=0
        )
        if database == "postgres":
            self._connections[database] = connection
        try:
            if ";" in script:
                await connection.execute(script)
                return []
            return list(await connection.fetch(script))
        finally:
            if database not in self._connections:
                await connection.close()


@contextmanager
def running_server(settings: Sequence[str] = ()) -> Iterator[PostgresServer]:
    """A new server with settings of postgresql.conf (`name=value`); ServerAbsentError where none is installed."""
    folder = programs()
    with tempfile.TemporaryDirectory(prefix="tapewatch-postgres-") as directory:
        home = Path(directory)
        owner = _owner()
        if owner is not None:
            os.chown(home, owner.pw_uid, owner.pw_gid)
        _initialise(folder, home, owner)
        server = PostgresServer(folder, home, settings)
        try:
            server.start()
            yield server
        finally:
            server.close()
            server.stop()


def _initialise(folder: Path, home: Path, owner: "pwd.struct_passwd | None") -> None:
    secret = home / "password"
    secret.write_text(PASSWORD)
    if owner is not None:
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    command: list[str | Path] = [folder / "initdb", "-D", home / "files", "-U", USER, "--pwfile", secret, "--no-sync"]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **_as(owner))


def _owner() -> "pwd.struct_passwd | None":
    """Who the server runs as: a server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return next(names[name] for name in SYSTEM_USERS if name in names)


def _as(owner: "pwd.struct_passwd | None") -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
