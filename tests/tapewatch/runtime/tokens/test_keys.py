import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tapewatch.runtime.errors import Unavailable
from tapewatch.runtime.settings import SettingsError, TokenSettings
from tapewatch.runtime.tokens.keys import REFRESH_PAUSE_S, STALE_MAX_S, FileKeys, IssuerKeys, KeysError, parse_keys
from tests.tapewatch.runtime.tokens.fakes import EC, ED, KEYS_DOCUMENT, Clock, jwk, jwks

FIRST, SECOND = jwks(jwk(ED.public_key(), "first")), jwks(jwk(ED.public_key(), "first"), jwk(EC.public_key(), "second"))


class Issuer:
    """An OIDC issuer on loopback that counts what it is asked for."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/realm"
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.serve(FIRST)

    def serve(self, keys: bytes, **discovered: str) -> None:
        """Publish keys, and a discovery document with some fields changed."""
        document = {"issuer": self.address, "jwks_uri": self.address + "/keys", **discovered}
        self.answers = {
            "/realm/.well-known/openid-configuration": (200, json.dumps(document).encode()),
            "/realm/keys": (200, keys),
        }

    def settings(self) -> TokenSettings:
        return TokenSettings(issuer=self.address, keys_kept_s=100)


@contextmanager
def serving() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opened.asked.append(self.path)
            status, content = opened.answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content.decode())
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    opened = Issuer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with serving() as opened:
        yield opened


async def test_keys_are_discovered_and_kept(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.settings(), clock)
    first = await keys.find("first")
    assert first is not None
    assert await keys.find("first") is first
    assert len(issuer.asked) == 2
    clock.now_s += 101
    assert await keys.find("first") is not None
    assert len(issuer.asked) == 4


async def test_a_new_key_is_found_at_once_and_invented_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.settings(), clock)
    await keys.find("first")
    issuer.serve(SECOND)
    clock.now_s += REFRESH_PAUSE_S
    assert await keys.find("second") is not None
    found = await asyncio.gather(*(keys.find(f"invented-{number}") for number in range(50)))
    assert set(found) == {None}
    assert len(issuer.asked) == 4


async def test_a_key_the_issuer_took_back_is_gone_when_the_keys_are_read_again(issuer: Issuer) -> None:
    clock = Clock()
    issuer.serve(SECOND)
    keys = IssuerKeys(issuer.settings(), clock)
    assert await keys.find("second") is not None
    issuer.serve(FIRST)
    clock.now_s += 101
    assert await keys.find("second") is None


async def test_known_keys_serve_while_the_issuer_is_away_but_not_for_ever(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.settings(), clock)
    await keys.find("first")
    issuer.answers.clear()
    clock.now_s += STALE_MAX_S - 1
    assert await keys.find("first") is not None
    clock.now_s += 2
    with pytest.raises(Unavailable, match="cannot be read"):
        await keys.find("first")


@pytest.mark.parametrize(
    "discovered",
    [
        {"issuer": "https://elsewhere.test"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "ftp://127.0.0.1/keys"},
        {"jwks_uri": ""},
    ],
    ids=("of another issuer", "a file", "another scheme", "nothing"),
)
async def test_a_discovery_document_that_points_elsewhere_is_not_followed(
    issuer: Issuer, discovered: dict[str, str]
) -> None:
    issuer.serve(FIRST, **discovered)
    with pytest.raises(Unavailable):
        await IssuerKeys(issuer.settings(), Clock()).find("first")
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    "answer", [(302, b"/realm/elsewhere"), (500, b""), (200, b"<html>"), (200, b"[" * 50_000), (200, b"x" * 1_100_000)]
)
async def test_answers_that_are_no_keys_leave_us_without(issuer: Issuer, answer: tuple[int, bytes]) -> None:
    issuer.answers["/realm/elsewhere"] = (200, FIRST)
    issuer.answers["/realm/keys"] = answer
    with pytest.raises(Unavailable):
        await IssuerKeys(issuer.settings(), Clock()).find("first")
    assert "/realm/elsewhere" not in issuer.asked


async def test_a_file_of_keys_is_read_again_when_it_changed_and_survives_damage(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(FIRST)
    keys = FileKeys(path)
    assert await keys.find("second") is None
    _replace(path, SECOND)
    assert await keys.find("second") is not None
    _replace(path, b"{")
    assert await keys.find("second") is not None
    path.unlink()
    assert await keys.find("first") is not None


def _replace(path: Path, content: bytes) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(content)
    os.replace(other, path)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"keys": 3}'])
def test_a_file_that_has_no_keys_is_named_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"security\.tokens\.keys: {path}: .*tapewatch tokens init"):
        FileKeys(path)


def test_two_keys_of_one_id_are_refused() -> None:
    with pytest.raises(KeysError, match="two of 'same'"):
        parse_keys(jwks(jwk(ED.public_key(), "same"), jwk(EC.public_key(), "same")))


def test_the_keys_of_the_fake_issuer_are_all_usable() -> None:
    assert len(parse_keys(KEYS_DOCUMENT)) == 3


@pytest.mark.parametrize("address", ["http://issuer.test", "issuer.test", "ftp://issuer.test", "https://"])
def test_an_issuer_without_tls_or_keys_of_its_own_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected an https address"):
        TokenSettings(issuer=address)
