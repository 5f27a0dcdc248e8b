"""TLS on the FIX address: who proves what, on both loops the gateway may run on."""

import asyncio
import contextlib
import inspect
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop

from fix_gateway.acceptor import Acceptor, serve
from fix_gateway.initiator import connect
from fix_gateway.settings import ConnectTlsSettings, FixSettings
from fix_gateway.tls import client_tls
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import ClientTls, open_session
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.settings import SettingsError

VENUE = SessionConfig("FIX.4.4", "VENUE", "US")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``ours`` signs for gateway, venue and other; ``strangers`` is another authority with a venue of its own."""
    folder = tmp_path_factory.mktemp("certificates")
    init_certificates(folder / "ours", ["gateway", "venue", "other"], 2, datetime.now(UTC))
    init_certificates(folder / "strangers", ["venue"], 2, datetime.now(UTC))
    return folder


def on_both_loops(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """Runs a coroutine test on asyncio's loop and on uvloop, which the gateway runs on."""
    parameters = inspect.signature(test).parameters.values()

    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], **arguments: object) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(test(**arguments))

    first = inspect.Parameter("new_loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([first, *parameters])  # type: ignore[attr-defined]  # pytest reads it
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    run.pytestmark = [  # type: ignore[attr-defined]  # pytest reads it
        *getattr(test, "pytestmark", []),
        pytest.mark.parametrize("new_loop", list(loops.values()), ids=list(loops)).mark,
    ]
    return run


def tls_of(folder: Path, name: str, authority: str = "ours", signer: str = "ours") -> ClientTls:
    settings = ConnectTlsSettings(
        authority=folder / authority / "authority.pem",
        certificate=folder / signer / f"{name}.pem",
        key=folder / signer / f"{name}.key",
        server_name="gateway",
    )
    return client_tls("test", settings, "127.0.0.1")


@asynccontextmanager
async def gateway(
    folder: Path, store: Path, events: list[str], wanted: str | None = "venue"
) -> AsyncIterator[Acceptor]:
    tls = {"certificate": folder / "ours" / "gateway.pem", "key": folder / "ours" / "gateway.key"}
    if wanted is not None:
        tls["authority"] = folder / "ours" / "authority.pem"
    session = {"sender": "US", "target": "VENUE", "certificate_name": wanted}
    settings = FixSettings.model_validate(
        {"listen": "127.0.0.1:0", "store": store, "sessions": [session], "tls": tls, "logon_timeout_s": 2.0}
    )
    async with await serve(settings, on_event=lambda _, event: events.append(event.text)) as acceptor:
        yield acceptor


async def until(events: list[str], said: str) -> None:
    async with asyncio.timeout(30):
        while not any(said in event for event in events):  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.001)


async def logs_on(port: int, tls: ClientTls | None) -> None:
    async with open_session("127.0.0.1", port, VENUE, MemoryStore(), tls=tls, logon_wait_s=30) as session:
        await session.drained()


@on_both_loops
async def test_both_sides_prove_themselves_and_the_session_works(certificates: Path, tmp_path: Path) -> None:
    async with gateway(certificates, tmp_path, []) as acceptor:
        await logs_on(acceptor.port, tls_of(certificates, "venue"))


@on_both_loops
async def test_without_an_authority_a_client_needs_no_certificate(certificates: Path, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificates / "ours" / "authority.pem"))
    async with gateway(certificates, tmp_path, [], wanted=None) as acceptor:
        await logs_on(acceptor.port, ClientTls(context, "gateway"))


@pytest.mark.parametrize(
    ("name", "signer", "said"),
    [
        ("other", "ours", "FIX.4.4:VENUE->US needs a certificate for venue, found "),
        ("venue", "strangers", "no TLS handshake: [SSL: CERTIFICATE_VERIFY_FAILED]"),
    ],
    ids=("another's certificate", "another authority's"),
)
@on_both_loops
async def test_a_wrong_certificate_is_refused_precisely(
    certificates: Path, tmp_path: Path, name: str, signer: str, said: str
) -> None:
    events: list[str] = []
    async with gateway(certificates, tmp_path, events) as acceptor:
        with contextlib.suppress(ConnectionError):
            tls = tls_of(certificates, name, signer=signer)
            async with open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), tls=tls, logon_wait_s=0.3):
                raise AssertionError("logged on with a wrong certificate")
        await until(events, said)
        await logs_on(acceptor.port, tls_of(certificates, "venue"))


@on_both_loops
async def test_plain_fix_on_the_tls_address_is_refused_precisely(certificates: Path, tmp_path: Path) -> None:
    events: list[str] = []
    async with gateway(certificates, tmp_path, events) as acceptor:
        with contextlib.suppress(ConnectionError):
            async with open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), logon_wait_s=0.3):
                raise AssertionError("logged on without TLS")
        await until(events, "no TLS handshake: [SSL: ")


@on_both_loops
async def test_a_connection_that_never_begins_tls_is_closed_in_time(certificates: Path, tmp_path: Path) -> None:
    events: list[str] = []
    async with gateway(certificates, tmp_path, events) as acceptor:
        reader, writer = await asyncio.open_connection("127.0.0.1", acceptor.port)
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        assert events == ["connection from 127.0.0.1: no TLS handshake in 2 s"]
        assert acceptor.door.gate_count == 0


@on_both_loops
async def test_a_server_we_do_not_trust_is_not_talked_to(certificates: Path, tmp_path: Path) -> None:
    async with gateway(certificates, tmp_path, []) as acceptor:
        tls = tls_of(certificates, "venue", authority="strangers")
        with pytest.raises(ConnectionError, match=r"CERTIFICATE_VERIFY_FAILED"):
            async with open_session("127.0.0.1", acceptor.port, VENUE, MemoryStore(), tls=tls, logon_wait_s=0.5):
                raise AssertionError("trusted a stranger")


@on_both_loops
async def test_an_initiator_of_the_settings_speaks_tls(certificates: Path, tmp_path: Path) -> None:
    async with gateway(certificates, tmp_path / "venue", []) as acceptor:
        tls = {
            "authority": certificates / "ours" / "authority.pem",
            "certificate": certificates / "ours" / "venue.pem",
            "key": certificates / "ours" / "venue.key",
            "server_name": "gateway",
        }
        address = f"127.0.0.1:{acceptor.port}"
        session = {"sender": "VENUE", "target": "US", "role": "initiator", "connect": address, "tls": tls}
        settings = FixSettings.model_validate({"store": tmp_path / "us", "sessions": [session]})
        async with await connect(settings) as initiators:
            await initiators.sessions["FIX.4.4:US->VENUE"].logged_on(30)


def test_files_that_do_not_serve_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"fix\.sessions FIX\.4\.4:A->B: tls: cannot use the authority .*absent"):
        client_tls("FIX.4.4:A->B", ConnectTlsSettings(authority=tmp_path / "absent"), "h")
