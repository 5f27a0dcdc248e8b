"""The demo's own stack: a directory, free ports, a settings file."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tapewatch.cli.ports import LOOPBACK, free_ports
from tapewatch.cli.stack import MODULES, services
from tapewatch.cli.supervisor import ServiceProcess


@dataclass(frozen=True, slots=True)
class DemoStack:
    """Where the demo's services are; `directory` holds data, settings and logs."""

    directory: Path
    config: Path
    services: list[ServiceProcess]

    def address(self, name: str) -> str:
        """HOST:PORT of a service."""
        return next(service.address for service in self.services if service.name == name)

    @property
    def run_directory(self) -> Path:
        """Pid files and logs."""
        return self.directory / "run"


@contextmanager
def demo_stack(directory: Path | None, config: Path | None) -> Iterator[DemoStack]:
    """The stack's settings, written; a temporary directory without `directory`, removed at the end.

    `config` is used as it is where given; otherwise every service gets a free port.
    """
    home = directory or Path(tempfile.mkdtemp(prefix="tapewatch-demo-"))
    try:
        home.mkdir(parents=True, exist_ok=True)
        if config is None:
            config = home / "tapewatch.yaml"
            config.write_text(yaml.safe_dump(demo_settings(home), sort_keys=False), encoding="utf-8")
        yield DemoStack(home, config, services(set(MODULES), config))
    finally:
        if directory is None:
            shutil.rmtree(home)


def demo_settings(home: Path) -> dict[str, Any]:
    """Settings with free ports and all data below `home`."""
    ingest, detection, cases, status, fix, simulator = (f"{LOOPBACK}:{port}" for port in free_ports(6))
    return {
        "ingest": {"listen": ingest, "directory": str(home / "ingest"), "idle_s": 1.0, "silence_s": None},
        "detection": {"listen": detection, "ingest": ingest, "cases": cases, "directory": str(home / "detection")},
        "cases": {
            "listen": cases,
            "database": str(home / "cases" / "cases.db"),
            "evidence": {"directory": str(home / "cases" / "evidence"), "ingest": ingest, "detection": detection},
        },
        "fix": {"listen": fix, "status_listen": status, "ingest": ingest, "store": str(home / "fix")},
        "simulator": {
            "listen": simulator,
            "gateway": fix,
            "ingest": ingest,
            "data_directory": str(home / "simulator"),
        },
        "log": {"format": "json"},
    }
