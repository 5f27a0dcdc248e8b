import pytest

from case_service.evidence import pinner


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinning looks around often, so that tests need not wait for it."""
    monkeypatch.setattr(pinner, "ROUND_S", 0.02)
    monkeypatch.setattr(pinner, "DELAY_FIRST_S", 0.02)
    monkeypatch.setattr(pinner, "DELAY_MAX_S", 0.1)
