"""Every method of every service against every bad token, no token, and every role that may not call it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pool

from tapewatch.runtime.access import Role
from tapewatch.runtime.channels import METADATA_BYTES_MAX
from tapewatch.runtime.errors import error_info
from tapewatch.runtime.guard import Refusal
from tapewatch.runtime.roles import ROLES, WITHOUT_PROOF
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import RateSettings, SecuritySettings
from tests.tapewatch.runtime.fakes import ToySettings, channel_to
from tests.tapewatch.runtime.test_roles import methods_served
from tests.tapewatch.runtime.tokens.attacks import ATTACKS
from tests.tapewatch.runtime.tokens.fakes import signed, verifier

METHODS = sorted(methods_served())
OWN = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
"""Served by every server itself."""
UNAUTHENTICATED, DENIED, OK = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.OK
UNLIMITED = RateSettings(calls_a_second=None)


def shape_of(method: str) -> tuple[bool, bool]:
    """Whether requests and responses stream."""
    _, service, name = method.split("/")
    found: Any = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return found.client_streaming, found.server_streaming


async def _answer(request: Any, context: Any) -> bytes:
    return b""


async def _answers(request: Any, context: Any) -> AsyncIterator[bytes]:
    yield b""


@asynccontextmanager
async def all_methods(service: Service, settings: ToySettings) -> AsyncIterator[None]:
    """Serves every method of every contract with an empty answer."""
    makers: Any = {
        (False, False): lambda: grpc.unary_unary_rpc_method_handler(_answer),
        (False, True): lambda: grpc.unary_stream_rpc_method_handler(_answers),
        (True, False): lambda: grpc.stream_unary_rpc_method_handler(_answer),
        (True, True): lambda: grpc.stream_stream_rpc_method_handler(_answers),
    }
    served: dict[str, dict[str, Any]] = {}
    for method in METHODS:
        _, name, short = method.split("/")
        if name not in OWN:
            served.setdefault(name, {})[short] = makers[shape_of(method)]()
    for name, handlers in served.items():
        service.add_handlers(grpc.method_handlers_generic_handler(name, handlers), name)
    yield


@pytest.fixture
async def guarded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Service, Any]]:
    """A service that serves everything to people with tokens of the test's issuer, and a channel to it."""
    made = verifier()
    monkeypatch.setattr("tapewatch.runtime.guard.TokenVerifier", lambda settings: made)
    security = SecuritySettings.model_validate(
        {"tokens": {"issuer": "https://issuer.test/realm"}, "rate": UNLIMITED.model_dump()}
    )
    async with (
        running_service("everything", ToySettings(), all_methods, security=security) as service,
        channel_to(service) as channel,
    ):
        yield service, channel


async def outcome(channel: Any, method: str, *metadata: tuple[str, str]) -> tuple[grpc.StatusCode, str]:
    """The code and reason one call ends with; a stream is left at its first answer."""
    takes_stream, gives_stream = shape_of(method)
    shape = f"{'stream' if takes_stream else 'unary'}_{'stream' if gives_stream else 'unary'}"
    request: Any = _nothing() if takes_stream else b""
    call = getattr(channel, shape)(method)(request, timeout=30, metadata=metadata)
    try:
        if gives_stream:
            await anext(aiter(call), None)
        else:
            await call
    except grpc.aio.AioRpcError as error:
        info = error_info(error)
        return error.code(), info.reason if info else ""
    finally:
        call.cancel()
    return OK, ""


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for each in nothing:
        yield each


def bearing(token: str) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"


@pytest.mark.parametrize(("make", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
async def test_no_method_takes_a_bad_token(guarded: tuple[Service, Any], make: Any, reason: str) -> None:
    token = make()
    found = {method: await outcome(guarded[1], method, bearing(token)) for method in METHODS}
    assert {method: each for method, each in found.items() if each != (UNAUTHENTICATED, reason)} == {}


async def test_no_method_but_health_goes_without_a_token(guarded: tuple[Service, Any]) -> None:
    found = {method: await outcome(guarded[1], method) for method in METHODS}
    assert {method for method, each in found.items() if each == (OK, "")} == set(WITHOUT_PROOF)
    assert {each for method, each in found.items() if method not in WITHOUT_PROOF} == {(UNAUTHENTICATED, "NO_TOKEN")}


@pytest.mark.parametrize(
    "metadata",
    [
        (bearing("x.y.z"), bearing("x.y.z")),
        (("authorization", "Basic YWxpY2U6c2VjcmV0"),),
        (("authorization", ""),),
    ],
    ids=("two tokens", "a password", "an empty header"),
)
async def test_no_method_takes_another_kind_of_proof(guarded: tuple[Service, Any], metadata: Any) -> None:
    found = {method: await outcome(guarded[1], method, *metadata) for method in METHODS}
    assert set(found.values()) == {(UNAUTHENTICATED, "TOKEN_MALFORMED")}


async def test_a_good_token_does_not_help_a_bad_one(guarded: tuple[Service, Any]) -> None:
    both = (bearing(signed(roles=["admin"])), bearing(ATTACKS["bad signature"][0]()))
    assert await outcome(guarded[1], METHODS[-1], *both) == (UNAUTHENTICATED, "TOKEN_MALFORMED")


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
async def test_each_role_calls_what_the_table_says_and_nothing_else(guarded: tuple[Service, Any], role: Role) -> None:
    service, channel = guarded
    told: list[Refusal] = []

    async def tell(refusal: Refusal) -> None:
        told.append(refusal)

    service.guard.on_refused = tell
    token = signed(roles=[role.value])
    found = {method: await outcome(channel, method, bearing(token)) for method in METHODS}
    allowed = {method for method in METHODS if role in ROLES[method]}
    assert {method for method, each in found.items() if each == (OK, "")} == allowed | _answered_by_themselves(found)
    denied = {method for method, each in found.items() if each == (DENIED, "ROLE_MISSING")}
    assert denied == set(METHODS) - allowed
    assert {(each.caller.name, each.method) for each in told} == {("alice", method) for method in denied}


def _answered_by_themselves(found: dict[str, Any]) -> set[str]:
    """Health's Check and reflection answer an empty request with an answer or an error of their own."""
    return {method for method, each in found.items() if method.split("/")[1] in OWN and each == (OK, "")}


async def test_a_token_without_a_known_role_calls_nothing(guarded: tuple[Service, Any]) -> None:
    token = signed(roles=["boss", "root"])
    found = {await outcome(guarded[1], method, bearing(token)) for method in METHODS}
    assert found == {(DENIED, "ROLE_MISSING")}


async def test_headers_beyond_what_grpc_takes_never_reach_a_handler(guarded: tuple[Service, Any]) -> None:
    code, _ = await outcome(guarded[1], METHODS[0], bearing("x" * METADATA_BYTES_MAX))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
