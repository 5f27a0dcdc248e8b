"""The image and the compose file, as far as they can be proved without a container engine."""

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tapewatch.cli import certs
from tapewatch.runtime.settings import Section, SecuritySettings, load_settings
from tests.conftest import CHECKOUT

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"certs"}
LASTING = sorted(SERVICES.keys() - ONE_SHOT)
SETTINGS = CHECKOUT / COMPOSE["configs"]["settings"]["file"]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M)).splitlines()


def _module(service: str) -> str:
    command: list[str] = SERVICES[service]["command"]
    return command[command.index("-m") + 1]


def _settings(service: str) -> Section:
    """The service's own section of the mounted settings, read by its own settings type."""
    application = importlib.import_module(f"{_module(service)}.app")
    defined = (
        kind
        for _, kind in inspect.getmembers(application, inspect.isclass)
        if issubclass(kind, Section) and kind.__name__ in _wired_types(application.__file__)
    )
    return load_settings(service, next(defined), SETTINGS, {})


def _wired_types(path: str | None) -> set[str]:
    """Names in the type of the lifespan's settings parameter."""
    text = Path(path or "").read_text(encoding="utf-8")
    return set(re.findall(r"def lifespan\([^)]*settings: (\w+)", text))


def test_every_service_of_the_house_is_composed() -> None:
    assert LASTING == ["cases", "detection", "fix", "ingest", "simulator"]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_container_has_no_root_no_capabilities_and_a_read_only_file_system(service: str) -> None:
    described = SERVICES[service]
    user, group = described["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in described["security_opt"]
    assert not described.get("privileged")


@pytest.mark.parametrize("service", LASTING)
def test_a_service_is_started_by_a_module_that_exists(service: str) -> None:
    assert importlib.util.find_spec(f"{_module(service)}.__main__") is not None


@pytest.mark.parametrize("service", LASTING)
def test_the_health_check_asks_the_port_the_service_listens_on(service: str) -> None:
    *command, target = SERVICES[service]["healthcheck"]["test"]
    assert command == ["CMD", "python", "-m", "tapewatch.runtime.health_probe"]
    assert importlib.util.find_spec(command[-1]) is not None
    host, _, port = target.rpartition(":")
    assert host == "localhost"
    listen: str = _settings(service).model_dump()["listen"]
    assert listen == f"0.0.0.0:{port}"


@pytest.mark.parametrize("service", LASTING)
def test_published_ports_are_bound_to_this_machine_alone(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service]["ports"])


@pytest.mark.parametrize("service", LASTING)
def test_the_addresses_in_the_settings_are_services_of_the_compose_file(service: str) -> None:
    values = _settings(service).model_dump(mode="json")
    named = [value for value in values.values() if isinstance(value, str) and re.fullmatch(r"[\w.-]+:\d+", value)]
    strangers = [address for address in named if address.rpartition(":")[0] not in {*SERVICES, "0.0.0.0"}]
    assert strangers == [], f"set them in {SETTINGS.relative_to(CHECKOUT)}"


@pytest.mark.parametrize("service", LASTING)
def test_a_service_waits_for_what_it_needs_to_be_healthy(service: str) -> None:
    conditions = {name: needed["condition"] for name, needed in SERVICES[service]["depends_on"].items()}
    wanted = {name: f"service_{'completed_successfully' if name in ONE_SHOT else 'healthy'}" for name in conditions}
    assert conditions == wanted
    assert conditions


def test_the_certificates_step_makes_every_file_the_services_name(tmp_path: Path) -> None:
    command: list[str] = SERVICES["certs"]["command"]
    assert command[:2] == ["tapewatch", "certs"]
    arguments = [str(tmp_path) if word == "/certs" else word for word in command[2:]]
    outcome = CliRunner().invoke(certs.app, arguments)
    assert outcome.exit_code == 0, outcome.output
    for service in LASTING:
        environment = {
            name: text.replace("/certs", str(tmp_path)) for name, text in SERVICES[service]["environment"].items()
        }
        security = load_settings("security", SecuritySettings, None, environment)
        assert security.mode == "mtls"
        files = (security.certificate, security.key, security.authority)
        assert [path for path in files if path is None or not path.is_file()] == []


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_volumes_are_declared_and_only_the_certificates_step_writes_certificates(service: str) -> None:
    mounts = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    assert {name for name, *_ in mounts} <= COMPOSE["volumes"].keys()
    modes = {tuple(mode) for _, target, *mode in mounts if target == "/certs"}
    assert modes == ({()} if service in ONE_SHOT else {("ro",)})


def test_every_stage_of_the_image_starts_from_a_named_version() -> None:
    bases = [line.split()[1] for line in INSTRUCTIONS if line.startswith("FROM ")]
    assert len(bases) == 2
    assert [base for base in bases if not re.fullmatch(r"python:3\.11-slim-\w+", base)] == []


def test_the_image_runs_as_the_user_the_compose_file_names() -> None:
    users = [line.split()[1] for line in INSTRUCTIONS if line.startswith("USER ")]
    assert users == [SERVICES["ingest"]["user"]]


def test_the_image_installs_locked_requirements_and_leaves_no_package_lists() -> None:
    runs = [line for line in INSTRUCTIONS if line.startswith("RUN ")]
    installs = [step for line in runs for step in line.split("&&") if "pip install" in step]
    assert installs
    assert [step for step in installs if "--require-hashes" not in step and "--no-index" not in step] == []
    assert [line for line in runs if "apt-get install" in line and "rm -rf /var/lib/apt/lists" not in line] == []


def test_what_the_image_copies_exists_and_passes_the_ignore_file() -> None:
    allowed = re.findall(r"^!(\S+)$", (CHECKOUT / ".dockerignore").read_text(encoding="utf-8"), re.M)
    assert [name for name in allowed if not (CHECKOUT / name).exists()] == []
    needed = {"pyproject.toml", "README.md", "setup.py", "build_protos.py", "protos", "requirements", "tapewatch"}
    assert needed | {_module(service) for service in LASTING} <= set(allowed)
