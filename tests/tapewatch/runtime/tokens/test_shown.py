import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tapewatch.runtime.access import caller_of
from tapewatch.runtime.errors import error_info
from tapewatch.runtime.guard import Guard
from tapewatch.runtime.roles import READ
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings, SettingsError
from tapewatch.runtime.tokens.issuing import ISSUER, granted, init_keys, issue
from tapewatch.runtime.tokens.shown import read_token
from tests.tapewatch.runtime.fakes import SHAPES, ToySettings, channel_to
from tests.tapewatch.runtime.tokens.fakes import NOW_S, Clock, signed, verifier

WHO = "tapewatch.test.Who"
ROLES = {f"/{WHO}/{shape}": READ for shape in SHAPES}


@asynccontextmanager
async def named(service: Service, settings: ToySettings) -> AsyncIterator[None]:
    """Answers each shape of call with the caller's name; a stream then stays open."""

    async def once(request: Any, context: Any) -> bytes:
        return caller_of(context).name.encode()

    async def often(request: Any, context: Any) -> AsyncIterator[bytes]:
        yield caller_of(context).name.encode()
        await service.stop.wait()

    methods = {
        "unary_unary": grpc.unary_unary_rpc_method_handler(once),
        "unary_stream": grpc.unary_stream_rpc_method_handler(often),
        "stream_unary": grpc.stream_unary_rpc_method_handler(once),
        "stream_stream": grpc.stream_stream_rpc_method_handler(often),
    }
    service.add_handlers(grpc.method_handlers_generic_handler(WHO, methods), WHO)
    yield


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    made, clock = verifier(), Clock()
    monkeypatch.setattr("tapewatch.runtime.guard.TokenVerifier", lambda settings: made)
    monkeypatch.setattr(Guard, "left_s", lambda guard, caller: caller.expires_s - clock())
    security = SecuritySettings.model_validate({"tokens": {"issuer": "https://issuer.test/realm"}})
    async with running_service("who", ToySettings(), named, security=security, roles=ROLES) as running:
        yield running


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_of_call_shows_the_token(service: Service, shape: str) -> None:
    shown = SecuritySettings.model_validate({"token": signed()})
    async with channel_to(service, shown) as channel:
        call = getattr(channel, shape)(f"/{WHO}/{shape}")(
            iter([b""]) if shape.startswith("stream") else b"", timeout=30
        )
        answer = await call if shape.endswith("unary") else await anext(aiter(call))
        call.cancel()
    assert answer == b"alice"


async def test_a_renewed_file_is_shown_at_the_next_call(service: Service, tmp_path: Path) -> None:
    path = private(tmp_path / "token", signed(sub="ann") + "\n")
    async with channel_to(service, SecuritySettings(token_file=path)) as channel:
        ask = channel.unary_unary(f"/{WHO}/unary_unary")
        assert await ask(b"", timeout=30) == b"ann"
        private(path, signed(sub="bob"))
        assert await ask(b"", timeout=30) == b"bob"


async def test_a_stream_ends_with_the_token_that_opened_it(service: Service) -> None:
    shown = SecuritySettings.model_validate({"token": signed(exp=NOW_S + 1)})
    async with channel_to(service, shown) as channel:
        call = channel.unary_stream(f"/{WHO}/unary_stream")(b"", timeout=60)
        assert await anext(aiter(call)) == b"alice"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(anext(aiter(call)), 30)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    info = error_info(caught.value)
    assert info is not None
    assert info.reason == "TOKEN_EXPIRED"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_token_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "token", signed())
    path.chmod(mode)
    with pytest.raises(SettingsError, match=rf"only its owner may read \(0600\), found {mode:04o}.*chmod 600"):
        read_token(path)


@pytest.mark.parametrize(
    "text", ["", "secret-password", "a.b", "a.b.c d", "a.b.ü", "a.b.c\nd.e.f", "a.b." + "c" * 9_000]
)
def test_a_file_that_holds_no_token_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="expected a") as caught:
        read_token(private(tmp_path / "token", text))
    assert not text or text not in str(caught.value)


def test_a_token_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"No such file.*tapewatch tokens issue NAME --out"):
        read_token(tmp_path / "none")


def test_settings_never_print_the_token() -> None:
    token = signed()
    shown = SecuritySettings.model_validate({"token": token})
    assert token not in repr(shown) + str(shown) + shown.model_dump_json()


async def test_services_without_certificates_prove_themselves_by_tokens(tmp_path: Path) -> None:
    init_keys(tmp_path, "EdDSA")
    token = issue(tmp_path, granted("detection", ["service"], [], 1), time.time())
    security = SecuritySettings.model_validate(
        {
            "tokens": {"issuer": ISSUER, "keys": str(tmp_path / "jwks.json")},
            "token_file": str(private(tmp_path / "own.token", token)),
        }
    )
    async with (
        running_service("who", ToySettings(), named, security=security, roles=ROLES) as running,
        channel_to(running, security) as channel,
    ):
        assert await channel.unary_unary(f"/{WHO}/unary_unary")(b"", timeout=30) == b"detection"
