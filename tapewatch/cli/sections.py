"""The sections of the settings file and what reads each: so that mistakes are found before a service is started."""

import importlib
import os
from collections.abc import Iterable
from pathlib import Path

from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.settings import LogSettings, MetricsSettings, Section, load_settings
from tapewatch.runtime.settings_document import SettingsError

SECTIONS = {
    "ingest": ("ingest_service.app", "IngestSettings"),
    "detection": ("detection_service.app", "DetectionSettings"),
    "cases": ("case_service.app", "CaseSettings"),
    "fix": ("fix_gateway.settings", "FixSettings"),
    "simulator": ("simulator.app", "SimulatorSettings"),
    "security": ("tapewatch.runtime.security", SecuritySettings.__name__),
    "log": ("tapewatch.runtime.settings", LogSettings.__name__),
    "metrics": ("tapewatch.runtime.settings", MetricsSettings.__name__),
}
"""Section of the settings -> where its type is."""
SHARED = ("security", "log", "metrics")


def read_section(section: str, config: Path | None) -> Section:
    """A section as its service would read it. Raises SettingsError, and ImportError where the service is not there."""
    module, type_name = SECTIONS[section]
    settings: Section = load_settings(section, getattr(importlib.import_module(module), type_name), config, os.environ)
    return settings


def check_sections(sections: Iterable[str], config: Path | None) -> None:
    """Raises one SettingsError with every mistake in some sections and in those that all services read."""
    problems: dict[str, None] = {}
    for section in (*SHARED, *sections):
        try:
            read_section(section, config)
        except SettingsError as error:
            problems[str(error)] = None  # what is wrong with the whole file is said once
    if problems:
        raise SettingsError("\n".join(problems))
