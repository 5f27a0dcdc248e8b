"""The table of routes against the contracts."""

from collections import Counter

from surveillance.v1 import audit_pb2, case_pb2, confidentiality_pb2, evidence_pb2, report_pb2, subject_pb2
from tapewatch.rest.description import describe
from tapewatch.rest.routes import ROUTES

OF_SERVICES = {"RecordAlerts", "RecordChanges", "RecordRules"}
"""What services tell each other; people do not."""


def contracts() -> dict[str, object]:
    files = (audit_pb2, case_pb2, confidentiality_pb2, evidence_pb2, report_pb2, subject_pb2)
    services = [service for each in files for service in each.DESCRIPTOR.services_by_name.values()]
    return {f"/{service.full_name}/{method.name}": method for service in services for method in service.methods}


def test_every_method_for_people_has_one_route() -> None:
    wanted = {name for name in contracts() if name.rpartition("/")[2] not in OF_SERVICES}
    assert Counter(route.method for route in ROUTES) == Counter(wanted)


def test_no_two_routes_answer_at_one_place() -> None:
    assert max(Counter((route.verb, route.path) for route in ROUTES).values()) == 1


def test_the_fields_of_a_path_are_fields_of_the_request() -> None:
    for route in ROUTES:
        assert set(route.path_fields) <= set(route.contract.input_type.fields_by_name), route.path


def test_everything_described_has_words_from_the_contracts() -> None:
    found = describe(ROUTES)
    silent = [path for path, verbs in found["paths"].items() for each in verbs.values() if not each["summary"]]
    fields = [
        f"{name}.{field}"
        for name, schema in found["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if name != "Error" and not described.get("description")
    ]
    assert (silent, fields) == ([], [])
