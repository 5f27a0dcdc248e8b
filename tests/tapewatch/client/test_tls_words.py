"""Each way TLS can fail, over real connections: one sentence that says what is wrong and what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from surveillance.v1 import case_pb2
from surveillance.v1.case_pb2_grpc import CaseServiceStub
from tapewatch.client.connection import ServiceClient
from tapewatch.client.errors import UNREACHABLE, ClientError
from tapewatch.client.tls_words import tls_failure
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import Section, SecuritySettings


class Settings(Section):
    listen: str = "127.0.0.1:0"


LOCAL = SecuritySettings()
TWO_DAYS = timedelta(days=2)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one authority: good ones, and some that ended or begin later; a stranger's beside them."""
    directory, now = tmp_path_factory.mktemp("house"), datetime.now(UTC)
    init_certificates(directory, ["cases", "ingest"], 2, now)
    init_certificates(directory, ["old"], 1, now - TWO_DAYS)
    init_certificates(directory, ["young"], 1, now + TWO_DAYS)
    init_certificates(directory / "stranger", ["cases"], 2, now)
    return directory


def mutual(directory: Path, name: str, authority: Path | None = None) -> SecuritySettings:
    return SecuritySettings(
        mode="mtls",
        certificate=directory / f"{name}.pem",
        key=directory / f"{name}.key",
        authority=(authority or directory) / "authority.pem",
    )


@asynccontextmanager
async def lifespan(service: Service, settings: Settings) -> AsyncIterator[None]:
    yield


async def failure(server: SecuritySettings, client: SecuritySettings, host: str = "127.0.0.1") -> tuple[str, str]:
    """Reason and sentence of a call to a service of these settings by a client of those."""
    listen = Settings(listen=f"{host}:0")
    async with running_service("toy", listen, lifespan, security=server) as service:
        return await failed_call(str(service.address), client)


async def failed_call(target: str, security: SecuritySettings) -> tuple[str, str]:
    async with ServiceClient(target, security, timeout_s=30) as client:
        with pytest.raises(ClientError) as caught:
            await client.call(CaseServiceStub(client.channel).ListCases, case_pb2.ListCasesRequest())
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.message.startswith(f"{target}: ") or caught.value.reason == UNREACHABLE
    assert not any(word in caught.value.message for word in ("SSL_ERROR", "OPENSSL", "TSI_"))
    return caught.value.reason, caught.value.message


@pytest.mark.parametrize(
    ("server", "client", "reason", "said"),
    [
        ("old", "cases", "TLS_CERTIFICATE_EXPIRED", "the service's has expired; make a new one"),
        ("young", "cases", "TLS_CERTIFICATE_NOT_YET_VALID", "begins later; compare the clocks of both machines"),
        ("ingest", "old", "TLS_CERTIFICATE_EXPIRED", "old.pem) expired on "),
        ("ingest", "young", "TLS_CERTIFICATE_NOT_YET_VALID", "young.pem) begins on "),
    ],
)
async def test_a_certificate_out_of_its_time_is_named(
    house: Path, server: str, client: str, reason: str, said: str
) -> None:
    found, sentence = await failure(mutual(house, server), mutual(house, client))
    assert found == reason
    assert said in sentence


async def test_a_service_of_another_authority_is_told_from_ours(house: Path) -> None:
    found, sentence = await failure(mutual(house / "stranger", "cases"), mutual(house, "cases"))
    assert found == "TLS_OTHER_AUTHORITY"
    assert f"`security.authority` ({house}/authority.pem)" in sentence


async def test_our_certificate_of_another_authority_is_told(house: Path) -> None:
    ours = mutual(house / "stranger", "cases", authority=house)
    found, sentence = await failure(mutual(house, "ingest"), ours)
    assert found == "TLS_OTHER_AUTHORITY"
    assert "expected our certificate" in sentence
    assert "one `tapewatch certs init`" in sentence


async def test_a_service_that_trusts_another_authority_than_ours_is_told(house: Path) -> None:
    server = mutual(house, "ingest", authority=house / "stranger")
    found, sentence = await failure(server, mutual(house, "cases"))
    assert found == "TLS_CERTIFICATE_REFUSED"
    assert "it may trust another authority" in sentence


async def test_a_name_the_certificate_does_not_have_is_told(house: Path) -> None:
    found, sentence = await failure(mutual(house, "ingest"), mutual(house, "cases"), host="127.0.0.2")
    assert found == "TLS_NAME_MISMATCH"
    assert "call the service by a name its certificate has" in sentence


async def test_plaintext_against_tls_is_told(house: Path) -> None:
    found, sentence = await failure(mutual(house, "ingest"), LOCAL)
    assert found == "PLAINTEXT_AGAINST_TLS"
    assert "set `security.mode: mtls` with certificate, key and authority" in sentence


async def test_tls_against_plaintext_is_told(house: Path) -> None:
    found, sentence = await failure(LOCAL, mutual(house, "cases"))
    assert found == "TLS_AGAINST_PLAINTEXT"
    assert "security.mode: local" in sentence


async def test_a_call_without_a_certificate_is_refused_before_it_is_made() -> None:
    with pytest.raises(ValueError, match=r"needs certificate, key and authority; missing.*tapewatch certs init"):
        SecuritySettings(mode="mtls")


async def test_nobody_at_all_is_not_blamed_on_tls(house: Path) -> None:
    assert (await failed_call("127.0.0.1:1", mutual(house, "cases")))[0] == UNREACHABLE
    assert (await failed_call("127.0.0.1:1", LOCAL))[0] == UNREACHABLE


def test_a_connection_that_was_there_and_broke_is_not_blamed_on_tls(house: Path) -> None:
    assert tls_failure("Socket closed", LOCAL) is None
    assert tls_failure("Connection reset by peer", mutual(house, "cases")) is None
