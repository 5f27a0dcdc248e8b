from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, update

from case_service.store.databases.database import Database
from case_service.store.databases.opening import open_database
from case_service.store.migrate import downgrade, migrate, revision_of, revisions
from case_service.store.reading import page_token_key
from case_service.store.tables import heads, metadata
from tapewatch.runtime.errors import StartError


@pytest.fixture
def blank(blank_database: str) -> Iterator[Database]:
    """An open database of either kind without a table."""
    database = open_database(blank_database, None, 1)
    database.prepare(lambda _: None)
    yield database
    database.close()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def described(name: str | None, kind: str, _parents: object) -> bool:
    """All but what finds words, which each database keeps in its own way."""
    return not (kind in ("table", "index") and "_words" in (name or ""))


def test_migrations_make_the_tables_as_they_are_described(blank: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": described})
        return list(compare_metadata(context, metadata))

    blank.write(migrate)
    assert blank.write(differences) == []


def test_migrating_again_changes_nothing_and_keeps_the_key(blank: Database) -> None:
    blank.write(migrate)
    key = blank.read(page_token_key)
    blank.write(migrate)
    assert blank.read(page_token_key) == key
    assert blank.read(lambda connection: len(connection.execute(select(heads)).all())) == 1


def test_migrations_go_down_to_nothing_and_up_again(blank: Database) -> None:
    blank.write(migrate)
    blank.write(downgrade)
    assert blank.read(revision_of) is None
    assert blank.read(tables) == {"alembic_version"}
    blank.write(migrate)
    assert set(metadata.tables) <= blank.read(tables)


def test_every_migration_goes_up_and_down_by_itself(blank: Database) -> None:
    made: dict[str, set[str]] = {}
    for revision in revisions():
        blank.write(partial(migrate, target=revision))
        made[revision] = blank.read(tables)
    for revision in reversed(revisions()[:-1]):
        blank.write(partial(downgrade, target=revision))
        assert blank.read(tables) == made[revision], f"down to {revision}"
    blank.write(migrate)
    assert blank.read(tables) == made[revisions()[-1]]


def test_a_migration_that_fails_leaves_nothing_behind(blank: Database) -> None:
    def block(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE requests (a INTEGER)")

    blank.write(block)
    with pytest.raises(Exception, match=r'(table|relation) "?requests"? already exists'):
        blank.write(migrate)
    assert blank.read(tables) == {"requests"}


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(blank: Database) -> None:
    def age(connection: Connection) -> None:
        migrate(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    blank.write(age)
    with pytest.raises(StartError, match="found 9999; it was made by a newer version"):
        blank.write(migrate)


def test_a_trail_hashed_in_the_old_way_is_refused_with_what_to_do(blank: Database) -> None:
    def begin(connection: Connection) -> None:
        migrate(connection, "0002")
        connection.exec_driver_sql("INSERT INTO audit_records VALUES (1, 1, '', '', '', '', 0, 0, '', '', '', '')")

    blank.write(begin)
    with pytest.raises(StartError, match="found 1 records of a version before"):
        blank.write(migrate)


def test_readers_cannot_write(blank: Database) -> None:
    blank.write(migrate)
    with pytest.raises(Exception, match=r"readonly database|read-only transaction"):
        blank.read(lambda connection: connection.execute(update(heads).values(audit_count=9)))


def said(query: str, connection: Connection) -> object:
    return connection.exec_driver_sql(query).scalar_one()


def test_a_commit_to_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    database = open_database(tmp_path / "100% cases.db", None, 1)
    try:
        database.prepare(migrate)
        for pragma, expected in (("synchronous", 2), ("journal_mode", "wal"), ("foreign_keys", 1)):
            assert database.write(partial(said, f"PRAGMA {pragma}")) == expected
    finally:
        database.close()


def test_a_commit_to_postgresql_waits_for_the_disk_whatever_the_server_says(postgres_database: str) -> None:
    database = open_database(postgres_database, None, 1)
    try:
        database.prepare(migrate)
        assert database.write(partial(said, "SHOW synchronous_commit")) == "on"
    finally:
        database.close()
