"""The table of roles has a row for every method of every service, and says what it should."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

import surveillance.v1
from tapewatch.runtime.access import Role
from tapewatch.runtime.roles import ROLES, WITHOUT_PROOF

PERSON_VERBS = ("AssignCase", "StartReview", "EscalateCase", "CloseCase", "ReopenCase", "CommentCase")
CONTROLS = (
    "/surveillance.v1.CaseService/RecordAlerts",
    "/surveillance.v1.CaseService/RecordChanges",
    "/surveillance.v1.FixService/ResetFixSession",
    "/surveillance.v1.IngestService/Publish",
    "/surveillance.v1.IngestService/PublishControl",
    "/surveillance.v1.IngestService/ReplayQuarantine",
)


def _contracts() -> Iterator[str]:
    for module in pkgutil.iter_modules(surveillance.v1.__path__):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(f"surveillance.v1.{module.name}").DESCRIPTOR.name
    yield health_pb2.DESCRIPTOR.name
    yield reflection_pb2.DESCRIPTOR.name


def methods_served() -> set[str]:
    """Every method that a Tapewatch server may serve, as `/package.Service/Method`."""
    files = [descriptor_pool.Default().FindFileByName(name) for name in _contracts()]
    services = [service for file in files for service in file.services_by_name.values()]
    return {f"/{service.full_name}/{method.name}" for service in services for method in service.methods}


def test_every_method_has_a_row_and_every_row_a_method() -> None:
    served = methods_served()
    assert len(served) > 40
    assert sorted(served - ROLES.keys()) == [], (
        "add a row to tapewatch/runtime/roles.py: without one nobody may call it"
    )
    assert sorted(ROLES.keys() - served) == []


def test_no_row_is_empty_and_only_health_needs_no_proof() -> None:
    assert [method for method, roles in ROLES.items() if not roles] == []
    assert {method.split("/")[1] for method in WITHOUT_PROOF} == {"grpc.health.v1.Health"}


@pytest.mark.parametrize("method", CONTROLS)
def test_what_changes_the_system_takes_an_administrator_or_a_service(method: str) -> None:
    assert ROLES[method] == {Role.ADMIN, Role.SERVICE}


@pytest.mark.parametrize("verb", PERSON_VERBS)
def test_cases_are_decided_by_analysts_and_supervisors_alone(verb: str) -> None:
    assert ROLES[f"/surveillance.v1.CaseService/{verb}"] == {Role.ANALYST, Role.SUPERVISOR}


def test_a_viewer_changes_nothing() -> None:
    words = ("Get", "List", "Watch", "Check", "ServerReflectionInfo")
    viewed = [method.rpartition("/")[2] for method, roles in ROLES.items() if Role.VIEWER in roles]
    assert [name for name in viewed if not name.startswith(words)] == []
