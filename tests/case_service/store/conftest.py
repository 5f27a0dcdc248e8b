from collections.abc import Iterator

import pytest

from case_service.store.databases.database import Database
from tests.case_service.databases import opened


@pytest.fixture
def held(database: str) -> Iterator[Database]:
    """A migrated database of either kind, open; its calls block, so from a coroutine they go to a thread."""
    with opened(database) as database_open:
        yield database_open
