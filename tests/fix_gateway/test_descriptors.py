import resource
from collections.abc import Iterator

import pytest

from fix_gateway.descriptors import FILES_A_SESSION, FILES_BESIDE, allow_descriptors


@pytest.fixture(autouse=True)
def limits() -> Iterator[tuple[int, int]]:
    found = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield found
    resource.setrlimit(resource.RLIMIT_NOFILE, found)


def test_the_limit_is_raised_to_what_sessions_and_connections_need(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, limits[1]))
    allow_descriptors(10, 200)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == FILES_BESIDE + 10 * FILES_A_SESSION + 200


def test_a_limit_that_suffices_is_left(limits: tuple[int, int]) -> None:
    allow_descriptors(1, 1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == limits


def test_beyond_the_hard_limit_it_says_how_many_are_wanted(
    limits: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    allow_descriptors(1, limits[1] + 1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == limits[1]
    assert "too few file descriptors" in capsys.readouterr().out
