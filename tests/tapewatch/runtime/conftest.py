"""Fixtures of the service shell's tests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tapewatch.runtime.service import Service, running_service
from tests.tapewatch.runtime.fakes import ToySettings, channel_to, toy_lifespan


@pytest.fixture
async def toy() -> AsyncIterator[Service]:
    async with running_service("toy", ToySettings(), toy_lifespan) as service:
        yield service


@pytest.fixture
async def channel(toy: Service) -> AsyncIterator[Any]:
    async with channel_to(toy) as opened:
        yield opened
