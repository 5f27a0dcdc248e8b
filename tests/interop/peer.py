"""Another engine's process as a counterparty: PEER to our TAPEWATCH, told what to do line by line.

Each command is answered by one JSON line: `state` tells what the peer has, `send FIRST COUNT` sends execution reports
E<FIRST>, ..., `logout` and `logon` do what they say. `complaints` lists every Reject either side sent.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import CHECKOUT
from tests.interop.setting_up import PEER_CLASS, QUICKFIX_PYTHON, QUICKFIXJ_FOLDER

ANSWER_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0
LINE_BYTES_MAX = 16 << 20
PYTHON_VARIABLE = "TAPEWATCH_QUICKFIX_PYTHON"
JARS_VARIABLE = "TAPEWATCH_QUICKFIXJ_JARS"
INSTALLS = "`make interop` installs it"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine: how its peer is started, or why it cannot be."""

    name: str
    command: tuple[str, ...]
    missing: str


def quickfix() -> Engine:
    """QuickFIX (C++) under the interpreter that has it."""
    python = Path(os.environ.get(PYTHON_VARIABLE, QUICKFIX_PYTHON))
    missing = "" if python.is_file() else f"QuickFIX is not at {python}: {INSTALLS}, or set {PYTHON_VARIABLE}"
    return Engine("quickfix", (str(python), str(CHECKOUT / "tests" / "interop" / "quickfix_peer.py")), missing)


def quickfixj() -> Engine:
    """QuickFIX/J (Java) with its jars in one folder."""
    folder = Path(os.environ.get(JARS_VARIABLE, QUICKFIXJ_FOLDER))
    java = shutil.which("java")
    has_all = java is not None and (folder / f"{PEER_CLASS}.class").is_file()
    missing = "" if has_all else f"QuickFIX/J is not at {folder}: {INSTALLS}, or set {JARS_VARIABLE}"
    classes = os.pathsep.join((str(folder), str(folder / "*")))
    return Engine("quickfixj", (java or "java", "-Xmx256m", "-cp", classes, PEER_CLASS), missing)


ENGINES = {"quickfix": quickfix, "quickfixj": quickfixj}


class Peer:
    """The running process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, command: str = "state") -> dict[str, Any]:
        """Sends a command; returns the peer's state after it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """The next line the peer says."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_TIMEOUT_S)
        assert line, f"the peer ended with exit code {await self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def stop(self) -> None:
        """Ends the process."""
        if self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.write(b"stop\n")
        try:
            await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running(engine: Engine, arguments: Sequence[object], log: Path) -> AsyncIterator[Peer]:
    """Starts a peer with `role port version heartbeat store reset`; its standard error goes to the log."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *engine.command,
            *(str(each) for each in arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=LINE_BYTES_MAX,
        )
    peer = Peer(process)
    try:
        await peer.answer()
        yield peer
    finally:
        await peer.stop()
