from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from case_service.evidence.settings import EvidenceSettings
from tests.case_service.confidentiality.people import House, opened_house


@pytest.fixture
async def house(database: str, tmp_path: Path) -> AsyncIterator[House]:
    """On both databases."""
    evidence = EvidenceSettings(ingest=None, directory=tmp_path / "evidence")
    async with opened_house(database, tmp_path / "keys", evidence=evidence) as opened:
        yield opened
