"""Tokens are issued, kept from others, and shown by every command, however they were chosen."""

import asyncio
import json
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tapewatch.cli.main import main
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings
from tests.tapewatch.cli.fakes import CASE, DeskFake, add_desk
from tests.tapewatch.runtime.fakes import ToySettings


@asynccontextmanager
async def desk_lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
    service.add(add_desk, DeskFake(), "surveillance.v1.CaseService")
    yield


@contextmanager
def service_in_thread(security: SecuritySettings) -> Iterator[str]:
    """The desk's fake in the shell of a service, in a loop of another thread."""
    address: Future[str] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        async with running_service("desk", ToySettings(), desk_lifespan, security=security) as service:
            address.set_result(str(service.address))
            await asyncio.wrap_future(stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield address.result(timeout=30)
    finally:
        stop.set_result(None)
        thread.join(timeout=30)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    assert main(["tokens", "init", "--directory", str(tmp_path / "tokens")]) == 0
    return tmp_path / "tokens"


@pytest.fixture
def guarded(tokens: Path) -> Iterator[str]:
    """The desk's fake where people need tokens of the directory's issuer; HOST:PORT."""
    security = SecuritySettings.model_validate(
        {"tokens": {"issuer": "tapewatch-development", "keys": str(tokens / "jwks.json")}}
    )
    with service_in_thread(security) as target:
        yield target


def token_file(tokens: Path, *options: str, name: str = "ann") -> Path:
    path = tokens.parent / f"{name}.token"
    assert main(["tokens", "issue", name, *options, "--out", str(path), "--directory", str(tokens)]) == 0
    return path


def test_without_a_token_a_command_says_what_to_show(guarded: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "list", "--target", guarded]) == 1
    assert "show a token (`tapewatch --token-file FILE`, TAPEWATCH_TOKEN)" in capsys.readouterr().err


def test_a_token_is_shown_from_a_file_a_variable_the_settings_and_the_command_line(
    guarded: str, tokens: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = token_file(tokens, "--role", "viewer")
    listing = ["cases", "list", "--target", guarded]
    config = tokens.parent / "settings.yaml"
    config.write_text(f"security: {{token_file: {path}}}\n")
    assert main(["--token-file", str(path), *listing]) == 0
    assert main(["--token", path.read_text(), *listing]) == 0
    assert main([*listing, "--config", str(config)]) == 0
    assert main(listing) == 1, "what one command was given is not the next one's"
    monkeypatch.setenv("TAPEWATCH_TOKEN", path.read_text())
    assert main(listing) == 0
    assert capsys.readouterr().out.count(CASE.title) == 4


def test_a_role_that_may_not_is_told_which_may(guarded: str, tokens: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = token_file(tokens, "--role", "viewer")
    assert main(["--token-file", str(path), "sources", "quarantine", "list", "--target", guarded]) == 1
    assert "expected one of the roles admin, analyst, service, supervisor, found viewer of 'ann'" in (
        capsys.readouterr().err
    )


def test_what_a_token_says_is_shown_without_it(
    tokens: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = token_file(tokens, "--role", "analyst", "--role", "viewer", "--desk", "rates", "--hours", "1")
    capsys.readouterr()
    assert main(["--token-file", str(path), "tokens", "show", "--json"]) == 0
    shown = capsys.readouterr().out
    said = json.loads(shown)
    assert (said["sub"], said["roles"], said["desks"]) == ("ann", ["analyst", "viewer"], ["rates"])
    assert path.read_text().strip() not in shown
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_may_read_is_wrong_usage(
    guarded: str, tokens: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = token_file(tokens, "--role", "viewer")
    path.chmod(0o644)
    assert main(["--token-file", str(path), "cases", "list", "--target", guarded]) == 2
    assert f"chmod 600 {path}" in capsys.readouterr().err


def test_two_ways_at_once_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--token", "a.b.c", "--token-file", "f", "tokens", "show"]) == 2
    assert "found both" in capsys.readouterr().err


def test_keys_are_rotated_and_retired(tokens: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = ["--directory", str(tokens)]
    capsys.readouterr()
    assert main(["tokens", "keys", *directory]) == 0
    first = capsys.readouterr().out.strip()
    assert main(["tokens", "rotate", "--algorithm", "ES256", *directory]) == 0
    assert main(["tokens", "retire", first, *directory]) == 0
    capsys.readouterr()
    assert main(["tokens", "keys", "--json", *directory]) == 0
    assert first not in capsys.readouterr().out
