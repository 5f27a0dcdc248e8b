import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.service import DRAIN_GRACE_S
from tapewatch.runtime.settings import SecuritySettings
from tests.tapewatch.runtime.fakes import TOY

CHECKOUT = Path(__file__).resolve().parents[3]
ENDS_WITHIN_S = 30


class Process:
    """The toy as a process, with its log parsed line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.log: list[dict[str, Any]] = []
        self.text = ""

    async def until(self, event: str) -> dict[str, Any]:
        """Read the log up to an event."""
        while line := await self._line():
            if self.log and line.startswith("{") and self.log[-1]["event"] == event:
                return self.log[-1]
        raise AssertionError(f"no {event!r} in:\n{self.text}")

    async def printed(self, line: str) -> None:
        """Wait until the process printed a line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(ENDS_WITHIN_S):
            assert (await self._process.stdout.readline()).decode().strip() == line

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> tuple[int, str]:
        """The exit code and standard output, once the log is read to its end."""
        while await self._line():
            pass
        assert self._process.stdout is not None
        output = await self._process.stdout.read()
        return await self._process.wait(), output.decode()

    async def _line(self) -> str:
        assert self._process.stderr is not None
        async with asyncio.timeout(ENDS_WITHIN_S):
            line = (await self._process.stderr.readline()).decode()
        self.text += line
        if line.startswith("{"):
            self.log.append(json.loads(line))
        return line


@asynccontextmanager
async def started(*arguments: str, **environ: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.tapewatch.runtime.toy_process",
        *arguments,
        cwd=CHECKOUT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_open_stream_and_the_process_with_exit_code_0(number: signal.Signals) -> None:
    async with started() as process:
        ready = await process.until("ready")
        channel: Any = open_channel(ready["listen"], SecuritySettings())
        stream = channel.stream_stream(f"/{TOY}/raw_until_stopped")()
        await stream.write(b"a")
        assert await stream.read() == b"a"
        signalled_s = time.monotonic()
        process.signal(number)
        assert await stream.code() == grpc.StatusCode.OK
        assert await process.ended() == (0, "lifespan closed\n")
        assert time.monotonic() - signalled_s < DRAIN_GRACE_S
        await channel.close()
    assert [each["event"] for each in process.log] == ["ready", "stopping", "stopped"]


async def test_a_second_signal_cuts_the_drain_short_with_exit_code_1() -> None:
    async with started() as process:
        ready = await process.until("ready")
        channel: Any = open_channel(ready["listen"], SecuritySettings())
        stream = channel.unary_stream(f"/{TOY}/held")(b"a")
        await stream.read()
        signalled_s = time.monotonic()
        process.signal(signal.SIGTERM)
        await process.until("stopping")
        process.signal(signal.SIGTERM)
        code, _ = await process.ended()
        assert time.monotonic() - signalled_s < DRAIN_GRACE_S
        await channel.close()
    assert code == 1
    assert "Traceback" not in process.text


async def test_a_signal_during_recovery_ends_it_with_exit_code_0() -> None:
    async with started(TAPEWATCH__SIMULATOR__MISBEHAVIOUR="recover for ever") as process:
        await process.printed("recovering")
        process.signal(signal.SIGTERM)
        code, _ = await process.ended()
    assert code == 0
    assert [each["event"] for each in process.log] == ["stopped before it was ready"]


async def test_a_crash_in_the_background_is_logged_with_its_traceback_and_exits_1() -> None:
    async with started(TAPEWATCH__SIMULATOR__MISBEHAVIOUR="crash later") as process:
        assert await process.ended() == (1, "lifespan closed\n")
    assert [each["event"] for each in process.log] == ["failed, stopping", "stopping"]
    assert 'raise ZeroDivisionError("tick size 0")' in process.log[0]["exception"]
    assert "in the background task crash" in process.log[0]["exception"]


@pytest.mark.parametrize(
    ("misbehaviour", "code", "said"),
    [
        ("start error", 1, "the journal is locked by process 7"),
        ("bug", 1, "LookupError: no such venue"),
        ("settings error", 2, "toy: simulator.seed: expected a number"),
    ],
)
async def test_a_failed_start_says_why_with_its_exit_code(misbehaviour: str, code: int, said: str) -> None:
    async with started(TAPEWATCH__SIMULATOR__MISBEHAVIOUR=misbehaviour) as process:
        assert await process.ended() == (code, "")
    assert said in process.text
    assert ("Traceback" in process.text) == (misbehaviour == "bug")


async def test_a_busy_port_exits_1_and_says_how_to_choose_another() -> None:
    async with started() as first:
        listen = (await first.until("ready"))["listen"]
        async with started(TAPEWATCH__SIMULATOR__LISTEN=listen) as second:
            assert await second.ended() == (1, "")
    assert second.log[0]["event"] == "cannot start"
    assert f"cannot listen on {listen}" in second.log[0]["error"]
    assert "TAPEWATCH__SIMULATOR__LISTEN" in second.log[0]["error"]


async def test_wrong_settings_exit_2_with_one_line_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "tapewatch.yaml"
    path.write_text("simulator:\n  listne: 127.0.0.1:0\n")
    async with started("--config", str(path)) as process:
        assert await process.ended() == (2, "")
    assert process.text.startswith(f"toy: {path}:2: simulator.listne: unknown key; did you mean 'listen'?")
    assert process.text.count("\n") == 1


async def test_wrong_usage_exits_2() -> None:
    async with started("--nonsense") as process:
        assert await process.ended() == (2, "")
    assert "unrecognized arguments: --nonsense" in process.text


async def test_a_metrics_port_of_0_is_announced() -> None:
    async with started(TAPEWATCH__METRICS__LISTEN="127.0.0.1:0") as process:
        ready = await process.until("ready")
        process.signal(signal.SIGTERM)
        assert await process.ended() == (0, "lifespan closed\n")
    assert (ready["service"], ready["security"]) == ("toy", "local")
    assert int(ready["metrics"].rpartition(":")[2]) > 0
