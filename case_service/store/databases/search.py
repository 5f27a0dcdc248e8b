"""Full-text search on either database: SQLite's FTS5 tables, PostgreSQL's GIN indexes of words.

Both keep themselves: triggers feed the tables, the indexes are of expressions. A word is found whatever its case; both
split at blanks and punctuation and know no other grammar, so that names and numbers are found as they are written.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import Boolean

POSITIONS_A_CASE = 1 << 20
"""A comment is a row of `comment_words` by its case's number times this and its position."""
_WORDS = r"to_tsvector('simple', regexp_replace({}, '[\s!-/:-@\[-`{{-~]+', ' ', 'g'))"
ALERT_WORDS = _WORDS.format("alerts.explanation || ' ' || alerts.party_names")
TITLE_WORDS = _WORDS.format("cases.title")
COMMENT_WORDS = _WORDS.format("comments.text")
_TOKENIZE = 'tokenize="unicode61 remove_diacritics 0", detail=none'

SQLITE_SCHEMA = (
    "CREATE VIRTUAL TABLE alert_words USING fts5(explanation, party_names, content='alerts', content_rowid='number', "
    f"{_TOKENIZE})",
    f"CREATE VIRTUAL TABLE title_words USING fts5(title, content='cases', content_rowid='number', {_TOKENIZE})",
    f"CREATE VIRTUAL TABLE comment_words USING fts5(text, content='', {_TOKENIZE})",
    "CREATE TRIGGER alert_words_added AFTER INSERT ON alerts BEGIN INSERT INTO alert_words(rowid, explanation, "
    "party_names) VALUES (new.number, new.explanation, new.party_names); END",
    "CREATE TRIGGER alert_words_changed AFTER UPDATE OF explanation, party_names ON alerts BEGIN INSERT INTO "
    "alert_words(alert_words, rowid, explanation, party_names) VALUES ('delete', old.number, old.explanation, "
    "old.party_names); INSERT INTO alert_words(rowid, explanation, party_names) VALUES (new.number, new.explanation, "
    "new.party_names); END",
    "CREATE TRIGGER alert_words_gone AFTER DELETE ON alerts BEGIN INSERT INTO alert_words(alert_words, rowid, "
    "explanation, party_names) VALUES ('delete', old.number, old.explanation, old.party_names); END",
    "CREATE TRIGGER title_words_added AFTER INSERT ON cases BEGIN INSERT INTO title_words(rowid, title) VALUES "
    "(new.number, new.title); END",
    "CREATE TRIGGER title_words_changed AFTER UPDATE OF title ON cases BEGIN INSERT INTO title_words(title_words, "
    "rowid, title) VALUES ('delete', old.number, old.title); INSERT INTO title_words(rowid, title) VALUES (new.number, "
    "new.title); END",
    "CREATE TRIGGER title_words_gone AFTER DELETE ON cases BEGIN INSERT INTO title_words(title_words, rowid, title) "
    "VALUES ('delete', old.number, old.title); END",
    "CREATE TRIGGER comment_words_added AFTER INSERT ON comments BEGIN INSERT INTO comment_words(rowid, text) VALUES "
    f"(new.case_number * {POSITIONS_A_CASE} + new.position, new.text); END",
    "CREATE TRIGGER comment_words_changed AFTER UPDATE OF text ON comments BEGIN INSERT INTO comment_words("
    "comment_words, rowid, text) VALUES ('delete', old.case_number * "
    f"{POSITIONS_A_CASE} + old.position, old.text); INSERT INTO comment_words(rowid, text) VALUES (new.case_number * "
    f"{POSITIONS_A_CASE} + new.position, new.text); END",
    "CREATE TRIGGER comment_words_gone AFTER DELETE ON comments BEGIN INSERT INTO comment_words(comment_words, rowid, "
    f"text) VALUES ('delete', old.case_number * {POSITIONS_A_CASE} + old.position, old.text); END",
    "INSERT INTO alert_words(alert_words) VALUES ('rebuild')",
    "INSERT INTO title_words(title_words) VALUES ('rebuild')",
    "INSERT INTO comment_words(rowid, text) SELECT case_number * "
    + f"{POSITIONS_A_CASE} + position, text FROM comments",
)
SQLITE_TABLES = ("alert_words", "title_words", "comment_words")
SQLITE_TRIGGERS = tuple(f"{table}_{when}" for table in SQLITE_TABLES for when in ("added", "changed", "gone"))
POSTGRES_INDEXES = {
    "alert_words": ("alerts", ALERT_WORDS),
    "title_words": ("cases", TITLE_WORDS),
    "comment_words": ("comments", COMMENT_WORDS),
}


def create_search(connection: Connection) -> None:
    """Make what finds words, of what is there already, too; a migration calls this."""
    if connection.dialect.name == "sqlite":
        for statement in SQLITE_SCHEMA:
            connection.exec_driver_sql(statement)
        return
    for name, (table, words) in POSTGRES_INDEXES.items():
        connection.exec_driver_sql(f"CREATE INDEX {name} ON {table} USING gin ({words.replace(f'{table}.', '')})")


def drop_search(connection: Connection) -> None:
    """Take it away again."""
    if connection.dialect.name == "sqlite":
        for trigger in SQLITE_TRIGGERS:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        for table in SQLITE_TABLES:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        return
    for name in POSTGRES_INDEXES:
        connection.exec_driver_sql(f"DROP INDEX {name}")


def forget_words(connection: Connection) -> None:
    """Take words of texts that are gone out of SQLite's indexes at once: they would stay until segments are merged.

    PostgreSQL's vacuum does so by itself, in its own time.
    """
    if connection.dialect.name == "sqlite":
        for table in SQLITE_TABLES:
            connection.exec_driver_sql(f"INSERT INTO {table}({table}) VALUES ('optimize')")


class HasWords(ColumnElement[bool]):
    """The condition that an alert, or a case by its title, a comment or an alert, has all the words."""

    type = Boolean()
    _is_implicitly_boolean = True  # or SQLite is asked whether it `= 1`, and no longer sees what to look up
    inherit_cache = False  # how many places the words are bound to depends on the database

    def __init__(self, resource: str, words: Sequence[str]) -> None:
        self.resource = resource
        self.words = tuple(words)


@compiles(HasWords, "sqlite")
def _for_sqlite(element: HasWords, compiler: Any, **_: Any) -> str:
    quoted = " ".join(f'"{word.removesuffix("*")}"{"*" if word.endswith("*") else ""}' for word in element.words)

    def rows(table: str, row: str = "rowid") -> str:
        return f"SELECT {row} FROM {table} WHERE {table} MATCH {compiler.process(bindparam(None, quoted, unique=True))}"

    if element.resource == "alerts":
        return f"alerts.number IN ({rows('alert_words')})"
    by_comment = rows("comment_words", f"rowid / {POSITIONS_A_CASE}")
    by_alert = f"SELECT case_number FROM alerts WHERE number IN ({rows('alert_words')})"
    return f"cases.number IN ({rows('title_words')} UNION {by_comment} UNION {by_alert})"


@compiles(HasWords, "postgresql")
def _for_postgresql(element: HasWords, compiler: Any, **_: Any) -> str:
    quoted = " & ".join(f"'{word.removesuffix('*')}'{':*' if word.endswith('*') else ''}" for word in element.words)

    def found(words: str) -> str:
        return f"{words} @@ to_tsquery('simple', {compiler.process(bindparam(None, quoted, unique=True))})"

    if element.resource == "alerts":
        return found(ALERT_WORDS)
    by_title = "SELECT titled.number FROM cases AS titled WHERE " + found(TITLE_WORDS.replace("cases.", "titled."))
    by_comment = f"SELECT comments.case_number FROM comments WHERE {found(COMMENT_WORDS)}"
    by_alert = f"SELECT alerts.case_number FROM alerts WHERE {found(ALERT_WORDS)}"
    return f"cases.number IN ({by_title} UNION {by_comment} UNION {by_alert})"
