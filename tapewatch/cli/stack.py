"""Which services make the configured stack, and where each serves."""

import os
from pathlib import Path

from tapewatch.cli.configured import address_of
from tapewatch.cli.supervisor import ServiceProcess
from tapewatch.runtime.settings_document import read_document

MODULES = {
    "cases": "case_service",
    "ingest": "ingest_service",
    "detection": "detection_service",
    "fix": "fix_gateway",
    "simulator": "simulator",
}
"""Section of the settings -> module, in starting order: what is fed before what feeds it."""
STANDARD = ("cases", "ingest", "detection", "fix")
DATA_DIRECTORY = Path("tapewatch-data")


def run_directory_for(directory: Path | None) -> Path:
    """Where pid files and logs are kept."""
    return (directory or DATA_DIRECTORY) / "run"


def configured_services(config: Path | None) -> list[ServiceProcess]:
    """The standard services, and the simulator where the settings have a section for it."""
    sections = set(STANDARD)
    if config is not None and "simulator" in read_document(config).values:
        sections.add("simulator")
    return services(sections, config)


def services(sections: set[str], config: Path | None) -> list[ServiceProcess]:
    """The services of some sections, in starting order."""
    return [
        ServiceProcess(section, module, address_of(section, config))
        for section, module in MODULES.items()
        if section in sections
    ]


def is_writable(directory: Path) -> bool:
    """Whether files can be made in a directory, or in the nearest parent that exists."""
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
