"""`tapewatch doctor`: what is wrong with this installation, and how to mend it."""

import asyncio
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from tapewatch import engine_mode
from tapewatch.cli.configured import ConfigOption, JsonOption, security_of
from tapewatch.cli.output import print_json, print_table
from tapewatch.cli.ports import is_taken
from tapewatch.cli.processes import recorded_processes
from tapewatch.cli.sections import SECTIONS, read_section
from tapewatch.cli.stack import DATA_DIRECTORY, configured_services, is_writable, run_directory_for
from tapewatch.cli.supervisor import ServiceProcess
from tapewatch.cli.up import DirectoryOption
from tapewatch.runtime.health_probe import probe
from tapewatch.runtime.security import SecuritySettings, checked_address
from tapewatch.runtime.settings import Section
from tapewatch.runtime.settings_document import SettingsError

app = typer.Typer(add_completion=False)
PROBE_TIMEOUT_S = 2.0
PYTHON_MIN = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `wrong` must be mended, `note` should be known; `mend` says how."""

    level: Literal["ok", "note", "wrong"]
    what: str
    found: str
    mend: str = ""


@app.command()
def doctor(config: ConfigOption = None, directory: DirectoryOption = None, as_json: JsonOption = False) -> None:
    """Look at everything a healthy installation needs; exit code 1 if something is wrong."""
    findings = [finding for check in _checks(config, directory) for finding in check()]
    if as_json:
        print_json({"findings": [asdict(each) for each in findings]})
    else:
        rows = ((each.level, each.what, each.found, each.mend) for each in findings)
        print_table(("", "what", "found", "to do"), rows)
    if any(each.level == "wrong" for each in findings):
        raise typer.Exit(1)


def _checks(config: Path | None, directory: Path | None) -> list[Callable[[], Iterator[Finding]]]:
    return [
        _python,
        _engine,
        _compiler,
        lambda: _settings(config),
        lambda: _data_directory(directory or DATA_DIRECTORY),
        lambda: _services(config, run_directory_for(directory)),
    ]


def _python() -> Iterator[Finding]:
    version = sys.version.split()[0]
    if sys.version_info >= PYTHON_MIN:
        yield Finding("ok", "Python", version)
    else:
        yield Finding("wrong", "Python", version, f"install Python {'.'.join(map(str, PYTHON_MIN))} or newer")


def _engine() -> Iterator[Finding]:
    stale = engine_mode.stale_modules()
    if stale:
        found = f"{', '.join(stale)} edited after they were compiled: the old code runs"
        yield Finding("wrong", "compiled modules", found, "run `make setup`")
    interpreted = engine_mode.interpreted_modules()
    if not interpreted:
        yield Finding("ok", "engine", "compiled")
    elif engine_mode.requested_mode() == "interpreted":
        found = f"interpreted, many times slower, because {engine_mode.VARIABLE}=interpreted"
        yield Finding("note", "engine", found, f"unset {engine_mode.VARIABLE}")
    else:
        found = f"INTERPRETED, many times slower: {', '.join(interpreted)} are not compiled"
        yield Finding("note", "engine", found, "install a C compiler and run `make setup`")


def _compiler() -> Iterator[Finding]:
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    path = shutil.which(command) or shutil.which("cc")
    if path:
        yield Finding("ok", "C compiler", path)
    else:
        mend = "install gcc or clang, then run `make setup`, for the full speed"
        yield Finding("note", "C compiler", f"no {command}", mend)


def _settings(config: Path | None) -> Iterator[Finding]:
    """Every section as its service would read it."""
    name = str(config) if config else "settings (defaults)"
    problems: set[str] = set()
    for section, (module, _) in SECTIONS.items():
        try:
            _check_addresses(section, read_section(section, config), config)
        except SettingsError as error:
            if str(error) not in problems:  # what is wrong with the whole file is said once
                yield Finding("wrong", f"settings, {section}", str(error), "correct the place named")
            problems.add(str(error))
        except ImportError as error:
            problems.add(str(error))
            yield Finding("wrong", f"module {module}", str(error), "run `make setup`")
    if not problems:
        yield Finding("ok", "settings", name)


def _check_addresses(section: str, settings: Section, config: Path | None) -> None:
    """SettingsError where the service would refuse to listen there in this security mode."""
    for name, field in type(settings).model_fields.items():
        address = getattr(settings, name)
        if name in ("listen", "fix_listen") and address is not None:
            checked_address(address, security_of(config), f"{config or 'settings'}: {section}.{field.alias or name}")


def _data_directory(directory: Path) -> Iterator[Finding]:
    if is_writable(directory):
        yield Finding("ok", "data directory", str(directory.absolute()))
    else:
        mend = f"let this user write there (chown or chmod), or choose another with --directory (now {directory})"
        yield Finding("wrong", "data directory", f"{directory.absolute()} can not be written to", mend)


def _services(config: Path | None, run_directory: Path) -> Iterator[Finding]:
    try:
        services, security = configured_services(config), security_of(config)
    except SettingsError:
        return  # said above
    running = {record.name for record in recorded_processes(run_directory)} if run_directory.is_dir() else set()
    for service, health in zip(services, asyncio.run(_probe_all(services, security)), strict=True):
        yield _service(service, health, service.name in running)


async def _probe_all(services: list[ServiceProcess], security: SecuritySettings) -> list[str]:
    return list(await asyncio.gather(*(probe(each.address, "", security, PROBE_TIMEOUT_S) for each in services)))


def _service(service: ServiceProcess, health: str, runs: bool) -> Finding:
    """A port is fine when its service serves there, or when nothing does and the service is not started."""
    what = f"{service.name} at {service.address}"
    if health == "SERVING":
        return Finding("ok", what, "serving")
    if runs:
        mend = "see its log in the run directory; `tapewatch down` and `tapewatch up` start it afresh"
        return Finding("wrong", what, f"its process runs but does not serve ({health})", mend)
    if is_taken(service.address):
        found = f"another program holds the port ({health})"
        mend = f"end it, or give {service.name} another port in the settings"
        return Finding("wrong", what, found, mend)
    return Finding("ok", what, "not started, its port is free", "`tapewatch up` starts it")
