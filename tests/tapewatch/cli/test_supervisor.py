import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tapewatch.cli.failure import CommandError
from tapewatch.cli.processes import is_running, recorded_process, recorded_processes
from tapewatch.cli.supervisor import ServiceProcess, Supervisor
from tapewatch.runtime.health_probe import probe
from tapewatch.runtime.security import SecuritySettings
from tests.tapewatch.client.fakes import until

LOCAL = SecuritySettings()
MODULE = "tests.tapewatch.cli.fake_service"


def write_config(directory: Path, port: int, extra: str = "") -> Path:
    config = directory / "tapewatch.yaml"
    config.write_text(f"ingest:\n  listen: 127.0.0.1:{port}\n{extra}")
    return config


@pytest.fixture
def service(free_port: int) -> ServiceProcess:
    return ServiceProcess("fake", MODULE, f"127.0.0.1:{free_port}")


async def test_a_service_serves_and_ends_in_good_order(tmp_path: Path, free_port: int, service: ServiceProcess) -> None:
    marker = tmp_path / "marker"
    config = write_config(tmp_path, free_port, f"  stopped_marker: {marker}\n")
    async with Supervisor([service], config, tmp_path / "run", LOCAL) as supervisor:
        await supervisor.wait_until_healthy()
        record = recorded_process(tmp_path / "run", "fake")
        assert record is not None
        assert is_running(record)
    assert not is_running(record)
    assert marker.read_text() == "in good order"
    assert recorded_processes(tmp_path / "run") == []
    assert not (tmp_path / "run" / "fake.pid").exists()
    assert await probe(service.address, "", LOCAL, 1.0) != "SERVING"


async def test_a_killed_service_is_started_again(tmp_path: Path, free_port: int, service: ServiceProcess) -> None:
    said: list[str] = []
    config = write_config(tmp_path, free_port)
    async with Supervisor([service], config, tmp_path, LOCAL, lambda name, text: said.append(text)) as supervisor:
        await supervisor.wait_until_healthy()
        first = recorded_process(tmp_path, "fake")
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        await until(lambda: supervisor.restarts["fake"] == 1)
        await until(lambda: recorded_process(tmp_path, "fake") not in (None, first))
        await supervisor.wait_until_healthy()
    assert any(text.startswith("ended with exit code -9 (see ") for text in said)


async def test_a_service_that_can_not_start_is_reported_with_its_last_words(
    tmp_path: Path, free_port: int, service: ServiceProcess
) -> None:
    config = write_config(tmp_path, free_port, "  refuses: the journal is locked\n")
    async with Supervisor([service], config, tmp_path, LOCAL) as supervisor:
        with pytest.raises(CommandError, match=r"fake ended with exit code 1; .*the journal is locked"):
            await supervisor.wait_until_healthy()


async def test_a_service_with_wrong_settings_is_not_started_again(
    tmp_path: Path, free_port: int, service: ServiceProcess
) -> None:
    config = write_config(tmp_path, free_port, "  lisen: here\n")
    async with Supervisor([service], config, tmp_path, LOCAL) as supervisor:
        failure = await asyncio.wait_for(supervisor.wait_until_hopeless(), 20)
    assert "exit code 2" in str(failure)
    assert "did you mean 'listen'" in str(failure)
    assert supervisor.restarts["fake"] == 0


async def test_a_service_ends_when_its_supervisor_is_killed(
    tmp_path: Path, free_port: int, service: ServiceProcess
) -> None:
    config = write_config(tmp_path, free_port)
    script = (
        "import asyncio, pathlib\n"
        "from tapewatch.cli.supervisor import ServiceProcess, Supervisor\n"
        "from tapewatch.runtime.security import SecuritySettings\n"
        "async def run():\n"
        f"    service = ServiceProcess('fake', {MODULE!r}, {service.address!r})\n"
        f"    async with Supervisor([service], pathlib.Path({str(config)!r}), pathlib.Path({str(tmp_path)!r}),"
        " SecuritySettings()) as supervisor:\n"
        "        await supervisor.wait_until_healthy()\n"
        "        print('up', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(run())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"up\n"
    record = recorded_process(tmp_path, "fake")
    assert record is not None
    assert is_running(record)
    process.kill()
    await process.wait()
    await until(lambda: not is_running(record))
