"""Hostile texts in filters: they find what equals them and touch nothing else."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from case_service.convert import incoming_of
from case_service.filter import ALERT_FIELDS, CASE_FIELDS, OPERATORS, Kind, parse
from case_service.grouping import Policy
from case_service.store.databases.database import Database
from case_service.store.filters import alert_conditions, case_conditions
from case_service.store.reading import Asked, alerts_page, cases_page
from case_service.store.recording import record
from case_service.store.transaction import transaction
from tapewatch import alert as alerts
from tests.case_service.databases import BOTH, module_database
from tests.case_service.fakes import alert

HOSTILE = (
    "' OR '1'='1",
    '" OR ""="',
    "'; DROP TABLE alerts; --",
    "%",
    "_",
    "\\",
    "/%",
    "x' UNION SELECT page_token_key FROM heads --",
    ":ids",
    "?",
    "%(name)s",
    "{0}",
    "Ω漢🦀",
    "a\nb",
)
texts = st.sampled_from(HOSTILE) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
)


def quoted(text: str) -> str:
    return '"' + re.sub(r'(["*\\])', r"\\\1", text) + '"'


@pytest.fixture(scope="module", params=BOTH)
def held(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One alert with a hostile instrument, account and explanation each, in a case of its own; and a plain one."""
    with module_database(request, tmp_path_factory) as database:
        of_alerts = [
            alert(text, instrument=text, accounts=(text,), owners=(text,), explanation=f"before{text}after")
            for text in (*HOSTILE, "plain")
        ]
        incoming = [incoming_of(alerts.to_message(each), 0) for each in of_alerts]

        def fill(connection: Connection) -> None:
            with transaction(connection, 7) as shared, shared.unit():
                record(shared, incoming, Policy())

        database.write(fill)
        yield database


def found_alerts(held: Database, text: str) -> int:
    conditions = alert_conditions(parse(text, ALERT_FIELDS))
    return len(held.read(lambda connection: alerts_page(connection, Asked(conditions, 1_000)).items))


def found_cases(held: Database, text: str) -> int:
    conditions = case_conditions(parse(text, CASE_FIELDS))
    return len(held.read(lambda connection: cases_page(connection, Asked(conditions, 1_000)).items))


@given(text=texts)
def test_a_text_finds_exactly_what_equals_it(held: Database, text: str) -> None:
    expected = 1 if text in (*HOSTILE, "plain") else 0
    assert found_alerts(held, f"instrument = {quoted(text)}") == expected
    assert found_alerts(held, f"accounts:{quoted(text)}") == expected
    assert found_cases(held, f"owners:{quoted(text)}") == expected
    assert found_cases(held, f"instrument != {quoted(text)}") == len(HOSTILE) + 1 - expected


@pytest.mark.parametrize("text", HOSTILE)
def test_contains_takes_wildcards_as_plain_characters(held: Database, text: str) -> None:
    holding = sum(text in other for other in (*HOSTILE, "plain"))
    assert found_alerts(held, f"explanation:{quoted(text)}") == holding


def example(kind: Kind) -> str:
    names = {Kind.SEVERITY: "HIGH", Kind.STATE: "OPEN", Kind.DISPOSITION: "NONE", Kind.FLAG: "true"}
    return names.get(kind, '"x"' if kind in (Kind.TEXT, Kind.LIST) else "1")


@pytest.mark.parametrize(
    ("fields", "found"), [(ALERT_FIELDS, found_alerts), (CASE_FIELDS, found_cases)], ids=["alerts", "cases"]
)
def test_every_field_works_with_every_operator_of_its_kind(held: Database, fields: object, found: object) -> None:
    assert isinstance(fields, dict)
    assert callable(found)
    for name, kind in fields.items():
        counts = {operator: found(held, f"{name} {operator} {example(kind)}") for operator in OPERATORS[kind]}
        if "!=" in counts:
            assert counts["="] + counts["!="] == len(HOSTILE) + 1, name
