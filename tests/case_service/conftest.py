from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.case_service.fakes import Cases, running_cases


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "cases" / "cases.db"


@pytest.fixture
async def cases(database: Path) -> AsyncIterator[Cases]:
    async with running_cases(database) as running:
        yield running
