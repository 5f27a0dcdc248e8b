"""Brings a database to the schema of this version, at every start."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from case_service.store import migrations
from tapewatch.runtime.errors import StartError

HEAD = "head"
BASE = "base"


def migrate(connection: Connection, target: str = HEAD) -> None:
    """Upgrade (to `head` or a revision) inside the connection's transaction.

    Raises StartError when the database was made by a newer version.
    """
    known = revisions()
    held = revision_of(connection)
    if held is not None and held not in known:
        raise StartError(
            f"case database: expected a schema revision among {', '.join(known)}, found {held}; it was made "
            "by a newer version: run that version, or restore a copy of the database from before"
        )
    _run(connection, _script(), target, upgrading=True)


def downgrade(connection: Connection, target: str = BASE) -> None:
    """Take migrations back (to `base` or a revision); what the older schema cannot hold is lost."""
    _run(connection, _script(), target, upgrading=False)


def revisions() -> list[str]:
    """The schema revisions known, oldest first."""
    return [each.revision for each in reversed(list(_script().walk_revisions()))]


def revision_of(connection: Connection) -> str | None:
    """The schema revision a database holds; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def _run(connection: Connection, script: ScriptDirectory, target: str, *, upgrading: bool) -> None:
    def steps(revision: object, _context: MigrationContext) -> list[object]:
        plan = script._upgrade_revs if upgrading else script._downgrade_revs
        return list(plan(target, revision))  # type: ignore[arg-type]  # alembic's own commands pass it through so

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection, target_metadata=None, transactional_ddl=True)
        environment.run_migrations()
