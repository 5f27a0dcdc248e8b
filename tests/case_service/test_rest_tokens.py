"""REST where callers are known: HTTPS with the service's certificate, and people by tokens."""

import asyncio
import http.client
import json
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from case_service.app import CaseSettings, lifespan_with
from case_service.evidence.settings import EvidenceSettings
from tapewatch.rest.serving import RestSettings
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.service import Service, running_service
from tapewatch.runtime.settings import SecuritySettings, TokenSettings
from tapewatch.runtime.tokens.issuing import ISSUER, granted, init_keys, issue
from tests.case_service.fakes import FakeClock


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    init_certificates(tmp_path / "certs", ["cases"], 2, datetime.now(UTC))
    init_keys(tmp_path / "tokens", "EdDSA")
    security = SecuritySettings(
        mode="mtls",
        certificate=tmp_path / "certs" / "cases.pem",
        key=tmp_path / "certs" / "cases.key",
        authority=tmp_path / "certs" / "authority.pem",
        tokens=TokenSettings(issuer=ISSUER, keys=tmp_path / "tokens" / "jwks.json"),
    )
    settings = CaseSettings(
        listen="127.0.0.1:0",
        database=str(tmp_path / "cases.db"),
        evidence=EvidenceSettings(ingest=None),
        rest=RestSettings(listen="127.0.0.1:0"),
    )
    async with running_service("cases", settings, lifespan_with(FakeClock()), security=security) as running:
        yield running


async def ask(
    service: Service, folder: Path, verb: str, path: str, token: str | None
) -> tuple[int, dict[str, str], Any]:
    """An answer over TLS that trusts the house's authority."""

    def once() -> tuple[int, dict[str, str], Any]:
        assert service.rest_address is not None
        trusted = ssl.create_default_context(cafile=str(folder / "certs" / "authority.pem"))
        address = service.rest_address
        connection = http.client.HTTPSConnection(address.host, address.port, timeout=30, context=trusted)
        try:
            shown = {} if token is None else {"authorization": f"Bearer {token}"}
            connection.request(verb, path, "{}", {"content-type": "application/json", **shown})
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, json.loads(response.read())
        finally:
            connection.close()

    return await asyncio.to_thread(once)


def token_of(folder: Path, *roles: str) -> str:
    return issue(folder / "tokens", granted("vera", roles, ["*"], 1.0), time.time())


async def test_without_a_token_nobody_is_let_in(service: Service, tmp_path: Path) -> None:
    status, headers, refused = await ask(service, tmp_path, "GET", "/v1/cases", None)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert refused["error"]["details"][0]["reason"] == "NO_TOKEN"


async def test_a_bad_token_is_a_401_with_its_reason(service: Service, tmp_path: Path) -> None:
    token = token_of(tmp_path, "viewer")
    status, _, refused = await ask(service, tmp_path, "GET", "/v1/cases", token[:-8] + "AAAAAAAA")
    assert (status, refused["error"]["details"][0]["reason"]) == (401, "TOKEN_SIGNATURE")


async def test_a_role_may_do_what_it_may_by_grpc(service: Service, tmp_path: Path) -> None:
    token = token_of(tmp_path, "viewer")
    status, _, listed = await ask(service, tmp_path, "GET", "/v1/cases", token)
    assert (status, listed["cases"]) == (200, [])
    status, _, refused = await ask(service, tmp_path, "POST", "/v1/cases/1:assign", token)
    assert (status, refused["error"]["details"][0]["reason"]) == (403, "ROLE_MISSING")
    status, _, refused = await ask(service, tmp_path, "POST", "/v1/cases/1:approveClose", token_of(tmp_path, "analyst"))
    assert (status, refused["error"]["status"]) == (403, "PERMISSION_DENIED")
