"""Hostile texts in filters: they find what equals them and touch nothing else."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from case_service.convert import incoming_of
from case_service.filter import ALERT_FIELDS, CASE_FIELDS, OPERATORS, Kind, parse
from case_service.grouping import Policy
from case_service.store import sqlite
from case_service.store.filters import alert_conditions, case_conditions
from case_service.store.migrate import migrate
from case_service.store.reading import alerts_page, cases_page
from case_service.store.recording import record
from case_service.store.transaction import transaction
from tapewatch import alert as alerts
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
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One alert with a hostile instrument, account and explanation each, in a case of its own; and a plain one."""
    path: Path = tmp_path_factory.mktemp("filters") / "cases.db"
    opened = sqlite.open_writer(path)
    held = [
        alert(text, instrument=text, accounts=(text,), owners=(text,), explanation=f"before{text}after")
        for text in (*HOSTILE, "plain")
    ]
    with opened.begin() as connection:
        migrate(connection)
        with transaction(connection, 7) as shared, shared.unit():
            record(shared, [incoming_of(alerts.to_message(each), 0) for each in held], Policy())
    readers = sqlite.open_readers(path, 1)
    yield readers
    readers.dispose()
    opened.dispose()


def found_alerts(engine: Engine, text: str) -> int:
    with engine.begin() as connection:
        return len(alerts_page(connection, alert_conditions(parse(text, ALERT_FIELDS)), None, 1_000).items)


def found_cases(engine: Engine, text: str) -> int:
    with engine.begin() as connection:
        return len(cases_page(connection, case_conditions(parse(text, CASE_FIELDS)), None, 1_000).items)


@given(text=texts)
def test_a_text_finds_exactly_what_equals_it(engine: Engine, text: str) -> None:
    expected = 1 if text in (*HOSTILE, "plain") else 0
    assert found_alerts(engine, f"instrument = {quoted(text)}") == expected
    assert found_alerts(engine, f"accounts:{quoted(text)}") == expected
    assert found_cases(engine, f"owners:{quoted(text)}") == expected
    assert found_cases(engine, f"instrument != {quoted(text)}") == len(HOSTILE) + 1 - expected


@pytest.mark.parametrize("text", HOSTILE)
def test_contains_takes_wildcards_as_plain_characters(engine: Engine, text: str) -> None:
    holding = sum(text in other for other in (*HOSTILE, "plain"))
    assert found_alerts(engine, f"explanation:{quoted(text)}") == holding


def example(kind: Kind) -> str:
    names = {Kind.SEVERITY: "HIGH", Kind.STATE: "OPEN", Kind.DISPOSITION: "NONE", Kind.FLAG: "true"}
    return names.get(kind, '"x"' if kind in (Kind.TEXT, Kind.LIST) else "1")


@pytest.mark.parametrize(
    ("fields", "found"), [(ALERT_FIELDS, found_alerts), (CASE_FIELDS, found_cases)], ids=["alerts", "cases"]
)
def test_every_field_works_with_every_operator_of_its_kind(engine: Engine, fields: object, found: object) -> None:
    assert isinstance(fields, dict)
    assert callable(found)
    for name, kind in fields.items():
        counts = {operator: found(engine, f"{name} {operator} {example(kind)}") for operator in OPERATORS[kind]}
        if "!=" in counts:
            assert counts["="] + counts["!="] == len(HOSTILE) + 1, name


def test_sqlite_can_find_an_index_for_the_usual_filters(engine: Engine) -> None:
    with sqlite3.connect(str(engine.url.database)) as connection:
        plans = {
            query: " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
            for query in (
                "SELECT * FROM alerts WHERE rule_id = 'x' ORDER BY number DESC LIMIT 9",
                "SELECT * FROM alerts WHERE change_sequence > 5 ORDER BY change_sequence LIMIT 9",
                "SELECT * FROM cases WHERE state = 1 ORDER BY number DESC LIMIT 9",
                "SELECT * FROM audit_records WHERE subject = 'x' ORDER BY sequence LIMIT 9",
            )
        }
    connection.close()
    for query, plan in plans.items():
        assert "USING INDEX" in plan, query
        assert "TEMP B-TREE" not in plan, query
