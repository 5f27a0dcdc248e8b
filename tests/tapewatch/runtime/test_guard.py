"""Who is let in: local callers, services by certificate, and nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from tapewatch.runtime.access import ANYONE, Caller, Role, acting, caller_of
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.errors import InvalidArgument, error_info
from tapewatch.runtime.guard import Refusal
from tapewatch.runtime.roles import READ
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings
from tests.tapewatch.runtime.fakes import ToySettings, channel_to

WHO = "tapewatch.test.Who"
ROLES = {f"/{WHO}/Ask": READ, f"/{WHO}/Decide": frozenset({Role.SUPERVISOR})}
ALICE = Caller("alice", frozenset({Role.ANALYST}), None)


def mutual(directory: Path, name: str) -> SecuritySettings:
    return SecuritySettings(
        mode="mtls",
        certificate=directory / f"{name}.pem",
        key=directory / f"{name}.key",
        authority=directory / "authority.pem",
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("house")
    init_certificates(directory, ["cases", "detection", "visitor"], 2, datetime.now(UTC))
    return directory


@asynccontextmanager
async def asked(seen: list[Caller], security: SecuritySettings) -> AsyncIterator[Service]:
    """A service that notes who called."""

    async def note(request: bytes, context: Any) -> bytes:
        seen.append(caller_of(context))
        return request

    async def note_stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        seen.append(caller_of(context))
        yield request

    @asynccontextmanager
    async def lifespan(service: Service, settings: ToySettings) -> AsyncIterator[None]:
        methods = {
            "Ask": grpc.unary_unary_rpc_method_handler(note),
            "Decide": grpc.unary_stream_rpc_method_handler(note_stream),
            "Forgotten": grpc.unary_unary_rpc_method_handler(note),
        }
        service.add_handlers(grpc.method_handlers_generic_handler(WHO, methods), WHO)
        yield

    async with running_service("who", ToySettings(), lifespan, security=security, roles=ROLES) as service:
        yield service


async def refusal(service: Service, security: SecuritySettings, method: str) -> tuple[grpc.StatusCode, str]:
    async with channel_to(service, security) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(f"/{WHO}/{method}")(b"", timeout=30)
    info = error_info(caught.value)
    return caught.value.code(), info.reason if info else ""


async def test_local_mode_without_tokens_lets_everyone_in_by_no_name() -> None:
    seen: list[Caller] = []
    async with asked(seen, SecuritySettings()) as service, channel_to(service) as channel:
        await channel.unary_unary(f"/{WHO}/Ask")(b"", timeout=30)
        assert [each async for each in channel.unary_stream(f"/{WHO}/Decide")(b"x", timeout=30)] == [b"x"]
        await channel.unary_unary(f"/{WHO}/Forgotten")(b"", timeout=30)
    assert seen == [ANYONE] * 3
    assert not ANYONE.known


async def test_a_certificate_of_a_service_is_the_service_role(house: Path) -> None:
    seen: list[Caller] = []
    async with (
        asked(seen, mutual(house, "cases")) as service,
        channel_to(service, mutual(house, "detection")) as channel,
    ):
        await channel.unary_unary(f"/{WHO}/Ask")(b"", timeout=30)
    assert seen == [Caller("detection", frozenset({Role.SERVICE}), None, "detection")]


async def test_a_certificate_that_is_no_service_proves_no_caller(house: Path) -> None:
    async with asked([], mutual(house, "cases")) as service:
        assert await refusal(service, mutual(house, "visitor"), "Ask") == (
            grpc.StatusCode.UNAUTHENTICATED,
            "NO_TOKEN",
        )


async def test_a_role_without_the_method_and_a_method_without_a_row_are_refused_and_told(house: Path) -> None:
    seen: list[Caller] = []
    told: list[Refusal] = []

    async def tell(refusal: Refusal) -> None:
        told.append(refusal)

    async with asked(seen, mutual(house, "cases")) as service:
        service.guard.on_refused = tell
        for method in ("Decide", "Forgotten"):
            found = await refusal(service, mutual(house, "detection"), method)
            assert found == (grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING")
    assert seen == []
    assert [(each.caller.name, each.method, each.reason) for each in told] == [
        ("detection", f"/{WHO}/Decide", "ROLE_MISSING"),
        ("detection", f"/{WHO}/Forgotten", "ROLE_MISSING"),
    ]


def test_a_handler_outside_a_guarded_server_learns_of_nobody() -> None:
    with pytest.raises(RuntimeError, match="no guard"):
        caller_of(None)  # type: ignore[arg-type] # no call at all


def test_a_known_caller_acts_as_itself_and_an_unknown_one_as_whom_it_says() -> None:
    assert acting(ANYONE, "bob") == "bob"
    assert acting(ALICE, "") == acting(ALICE, "alice") == "alice"
    with pytest.raises(InvalidArgument, match=r"actor: expected 'alice'.*found 'bob'") as caught:
        acting(ALICE, "bob")
    assert caught.value.reason == "ACTOR_NOT_CALLER"
