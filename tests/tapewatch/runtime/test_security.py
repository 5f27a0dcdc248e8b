import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import grpc
import grpc.aio
import pytest

from tapewatch.runtime import health_probe
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.security import server_credentials
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import MetricsSettings, SecuritySettings, SettingsError
from tests.tapewatch.runtime.fakes import TOY, TOY_ROLES, ToySettings, call, channel_to, toy_lifespan


def mutual(directory: Path, name: str, authority: Path | None = None) -> SecuritySettings:
    return SecuritySettings(
        mode="mtls",
        certificate=directory / f"{name}.pem",
        key=directory / f"{name}.key",
        authority=(authority or directory) / "authority.pem",
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("house")
    init_certificates(directory, ["ingest", "cases"], 2, datetime.now(UTC))
    return directory


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("stranger")
    init_certificates(directory, ["cases"], 2, datetime.now(UTC))
    return directory


async def test_two_services_with_certificates_of_one_authority_talk(house: Path) -> None:
    security = mutual(house, "ingest")
    async with (
        running_service("toy", ToySettings(), toy_lifespan, security=security, roles=TOY_ROLES) as service,
        channel_to(service, mutual(house, "cases")) as channel,
    ):
        assert await call(channel, "unary_unary", b"ab", "raw") == b"ba"


async def test_mutual_tls_may_bind_every_address(house: Path) -> None:
    everywhere = ToySettings(listen="0.0.0.0:0")
    async with running_service("toy", everywhere, toy_lifespan, security=mutual(house, "ingest")) as service:
        assert service.bound_port > 0


async def refusal(service: Service, channel: grpc.aio.Channel) -> grpc.StatusCode:
    async with channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "unary_unary", b"ab", "raw")
    calls = service.metrics.get_sample_value("tapewatch_rpc_total", {"method": f"/{TOY}/raw", "code": "OK"})
    assert calls is None
    return caught.value.code()


async def test_a_client_without_a_certificate_is_refused(house: Path) -> None:
    trusting = grpc.ssl_channel_credentials((house / "authority.pem").read_bytes())
    async with running_service("toy", ToySettings(), toy_lifespan, security=mutual(house, "ingest")) as service:
        channel = grpc.aio.secure_channel(str(service.address), trusting)
        assert await refusal(service, channel) == grpc.StatusCode.UNAVAILABLE


async def test_a_client_of_another_authority_is_refused(house: Path, stranger: Path) -> None:
    async with running_service("toy", ToySettings(), toy_lifespan, security=mutual(house, "ingest")) as service:
        channel = channel_to(service, mutual(stranger, "cases", authority=house))
        assert await refusal(service, channel) == grpc.StatusCode.UNAVAILABLE


async def test_a_server_of_another_authority_is_refused(house: Path, stranger: Path) -> None:
    async with running_service("toy", ToySettings(), toy_lifespan, security=mutual(house, "ingest")) as service:
        channel = channel_to(service, mutual(house, "cases", authority=stranger))
        assert await refusal(service, channel) == grpc.StatusCode.UNAVAILABLE


async def test_a_plain_client_is_refused(house: Path) -> None:
    async with running_service("toy", ToySettings(), toy_lifespan, security=mutual(house, "ingest")) as service:
        assert await refusal(service, channel_to(service)) == grpc.StatusCode.UNAVAILABLE


async def test_metrics_demand_a_certificate_too(house: Path) -> None:
    metrics = MetricsSettings(listen="127.0.0.1:0")
    security = mutual(house, "ingest")
    async with running_service("toy", ToySettings(), toy_lifespan, security=security, metrics=metrics) as service:
        assert service.metrics_address is not None
        trusted = ssl.create_default_context(cafile=house / "authority.pem")
        port = service.metrics_address.port
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            assert await scrape(port, trusted) == b""
        trusted.load_cert_chain(house / "cases.pem", house / "cases.key")
        assert b"tapewatch_rpc_running" in await scrape(port, trusted)


async def scrape(port: int, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("content", [None, b"not a certificate"])
def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    init_certificates(tmp_path, ["ingest"], 2, datetime.now(UTC))
    path = tmp_path / "ingest.pem"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"security\.certificate: .*{path}"):
        server_credentials(mutual(tmp_path, "ingest"))


async def test_a_key_of_another_certificate_is_said_to_be_one(house: Path) -> None:
    mixed = mutual(house, "ingest").model_copy(update={"key": house / "cases.key"})
    with pytest.raises(StartError, match="do not belong together"):
        async with running_service("toy", ToySettings(), toy_lifespan, security=mixed):
            pytest.fail("it started")


async def test_the_probe_finds_a_service_serving_with_the_settings_of_the_environment(house: Path) -> None:
    environ = {
        "TAPEWATCH__SECURITY__MODE": "mtls",
        "TAPEWATCH__SECURITY__CERTIFICATE": str(house / "cases.pem"),
        "TAPEWATCH__SECURITY__KEY": str(house / "cases.key"),
        "TAPEWATCH__SECURITY__AUTHORITY": str(house / "authority.pem"),
    }
    async with running_service("toy", ToySettings(), toy_lifespan, security=mutual(house, "ingest")) as service:
        probe = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tapewatch.runtime.health_probe", str(service.address), "--service", TOY,
            env={**os.environ, **environ}, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, said = await asyncio.wait_for(probe.communicate(), 30)
    assert (probe.returncode, said.decode().strip().rpartition(" ")[2]) == (0, "SERVING")


async def test_the_probe_fails_for_an_unknown_service_or_nobody(toy: Service) -> None:
    def exit_code(*argv: str) -> int:
        return health_probe.main(argv, {})

    assert await asyncio.to_thread(exit_code, str(toy.address)) == 0
    assert await asyncio.to_thread(exit_code, str(toy.address), "--service", "a.B") == 1
    assert await asyncio.to_thread(exit_code, "127.0.0.1:1") == 1
    assert await asyncio.to_thread(exit_code, "example.org:1") == 2
