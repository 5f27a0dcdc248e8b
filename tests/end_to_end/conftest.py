import pytest

from tests.end_to_end.market import MarketFile, write_market


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> MarketFile:
    """Four and a half minutes of four shares with five schemes, more than 20,000 events."""
    return write_market(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="session")
def small_market(tmp_path_factory: pytest.TempPathFactory) -> MarketFile:
    """The same schemes in a calm market, a few thousand events, for what takes its time an event."""
    return write_market(tmp_path_factory.mktemp("small-market"), minutes=2.0, activity=0.25)
