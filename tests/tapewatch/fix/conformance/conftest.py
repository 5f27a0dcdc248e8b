"""Every behaviour is tried in each version, with messages delivered whole and one byte at a time."""

from typing import cast

import pytest

from tests.tapewatch.fix.conformance.counterparty import VERSIONS, Counterparty, Delivery, Version


@pytest.fixture(params=VERSIONS, ids=[version.target for version in VERSIONS])
def version(request: pytest.FixtureRequest) -> Version:
    return cast(Version, request.param)


@pytest.fixture(params=["whole", "single bytes"])
def delivery(request: pytest.FixtureRequest) -> Delivery:
    return cast(Delivery, request.param)


@pytest.fixture
def stranger(version: Version, delivery: Delivery) -> Counterparty:
    """Connected, not logged on."""
    return Counterparty(version, delivery)


@pytest.fixture
def peer(stranger: Counterparty) -> Counterparty:
    """Logged on, heartbeat 30 s."""
    stranger.logon()
    return stranger
