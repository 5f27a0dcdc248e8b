"""The gateway and ingest as processes on fixed ports, to be killed and started again."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stack:
    """Both services, their logs in the folder."""

    def __init__(self, folder: Path) -> None:
        self.fix, self.status, self.ingest = free_port(), free_port(), free_port()
        self.config = folder / "tapewatch.yaml"
        self._folder = folder
        self.config.write_text(
            f"fix: {{listen: '127.0.0.1:{self.fix}', status_listen: '127.0.0.1:{self.status}', "
            f"store: '{folder}/fix', ingest: '127.0.0.1:{self.ingest}'}}\n"
            f"ingest: {{listen: '127.0.0.1:{self.ingest}', directory: '{folder}/ingest'}}\n"
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Starts a service."""
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", name, "--config", str(self.config)]
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))

    def kill(self, name: str) -> None:
        """Ends a service as a crash would."""
        self._processes[name].kill()
        self._processes[name].wait(10)

    def stop(self) -> dict[str, int]:
        """Ends both in good order; their exit codes."""
        for process in self._processes.values():
            process.terminate()
        return {name: process.wait(30) for name, process in self._processes.items()}

    def log_of(self, name: str) -> str:
        """What a service has logged."""
        return (self._folder / f"{name}.log").read_text()
