"""What `up` leaves in the run directory for `down` and `status`: the supervisor's pid file and the services it runs."""

import json
from dataclasses import asdict
from pathlib import Path

from tapewatch.cli.failure import CommandError
from tapewatch.cli.processes import ProcessRecord, is_running, recorded_process
from tapewatch.cli.supervisor import ServiceProcess

SUPERVISOR = "supervisor"
SERVICES_FILE = "services.json"


def running_supervisor(run_directory: Path) -> ProcessRecord | None:
    """The supervisor that runs from a run directory."""
    record = recorded_process(run_directory, SUPERVISOR)
    return record if record is not None and is_running(record) else None


def write_services(run_directory: Path, services: list[ServiceProcess]) -> None:
    """Say that these services are all up."""
    partial = run_directory / f"{SERVICES_FILE}.partial"
    partial.write_text(json.dumps([asdict(service) for service in services]) + "\n", encoding="utf-8")
    partial.replace(run_directory / SERVICES_FILE)


def read_services(run_directory: Path) -> list[ServiceProcess] | None:
    """The services that came up; None before that."""
    path = run_directory / SERVICES_FILE
    try:
        return [ServiceProcess(**each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise CommandError(f"{path}: expected a list of services as JSON ({error}); remove the file") from error


def forget_services(run_directory: Path) -> None:
    """Say that they are not up."""
    (run_directory / SERVICES_FILE).unlink(missing_ok=True)
