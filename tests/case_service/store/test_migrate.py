from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, update

from case_service.store import sqlite
from case_service.store.migrate import downgrade, migrate, revision_of
from case_service.store.reading import page_token_key
from case_service.store.tables import heads, metadata
from tapewatch.runtime.errors import StartError


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = sqlite.open_writer(tmp_path / "100% cases.db")
    yield opened
    opened.dispose()


def test_migrations_make_the_tables_as_they_are_described(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing_and_keeps_the_key(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
        key = page_token_key(connection)
    with engine.begin() as connection:
        migrate(connection)
        assert page_token_key(connection) == key
        assert len(connection.execute(select(heads)).all()) == 1


def test_migrations_go_down_to_nothing_and_up_again(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
    with engine.begin() as connection:
        downgrade(connection)
        assert revision_of(connection) is None
        assert inspect(connection).get_table_names() == ["alembic_version"]
    with engine.begin() as connection:
        migrate(connection)
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_a_migration_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE requests (a INTEGER)")
    with pytest.raises(Exception, match="table requests already exists"), engine.begin() as connection:
        migrate(connection)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == ["requests"]


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartError, match="found 9999; it was made by a newer version"), engine.begin() as connection:
        migrate(connection)


def test_a_commit_waits_for_the_disk_and_readers_cannot_write(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        migrate(connection)
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    readers = sqlite.open_readers(tmp_path / "100% cases.db", 1)
    with pytest.raises(Exception, match="readonly database"), readers.begin() as connection:
        connection.execute(update(heads).values(audit_count=9))
    readers.dispose()


def test_a_trail_hashed_in_the_old_way_is_refused_with_what_to_do(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection, "0002")
        connection.exec_driver_sql("INSERT INTO audit_records VALUES (1, 1, '', '', '', '', 0, 0, '', '', '', '')")
    with pytest.raises(StartError, match="found 1 records of a version before"), engine.begin() as connection:
        migrate(connection)
