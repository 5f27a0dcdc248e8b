"""Webhooks against a receiver on loopback: what is told, signed how, and what is refused."""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from case_service.webhooks.sending import NotDelivered, send
from case_service.webhooks.settings import WebhookSettings
from surveillance.v1 import confidentiality_pb2, confidentiality_pb2_grpc
from tapewatch.client.webhooks import SignatureError, signature, verify
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.fakes import NOW_NS, Cases, alert, running_cases

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
LOOPBACK = ["127.0.0.0/8"]


@dataclass
class Receiver:
    """Takes messages, or refuses as many as it is told."""

    port: int = 0
    refuse: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.got.append((headers, body))
        self.came.release()
        if self.refuse:
            self.refuse -= 1
            return 503
        return 204

    async def wait(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once so many more messages have come."""
        for _ in range(count):
            assert await asyncio.to_thread(self.came.acquire, timeout=30), "expected one more message"
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(found.take(dict(self.headers.items()), body))
            self.send_header("location", "http://127.0.0.1:9/")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def webhook(folder: Path, receiver: Receiver, **changes: Any) -> WebhookSettings:
    path = folder / "secret"
    path.write_text(SECRET)
    url = f"http://127.0.0.1:{receiver.port}/hook?desk=1"
    given = {"name": "desk", "url": url, "secret_file": path, "networks": LOOPBACK, **changes}
    return WebhookSettings.model_validate(given)


async def escalate(cases: Cases, named: str) -> None:
    case = await cases.case_of(alert(named))
    case = await cases.move("AssignCase", case, assignee="ann")
    await cases.move("EscalateCase", case, reason="look")


async def test_new_and_escalated_cases_are_told_signed_and_without_names(
    database: str, tmp_path: Path, receiver: Receiver
) -> None:
    async with running_cases(database, webhooks=[webhook(tmp_path, receiver)]) as cases:
        await cases.record(alert("a"))
        await escalate(cases, "a")
        opened, escalated = await receiver.wait(2)
    assert (opened["type"], escalated["type"]) == ("case.opened", "case.escalated")
    assert opened["data"]["number"] == escalated["data"]["number"] == 1
    assert (opened["data"]["severity"], opened["data"]["typology_family"]) == ("HIGH", "ORDER_BOOK")
    for headers, body in receiver.got:
        assert verify(SECRET, headers, body, NOW_NS / 1e9) == headers["webhook-id"]
        assert b"O1" not in body
        assert b"A1" not in body


async def test_a_message_that_is_refused_comes_again_under_its_id_and_holds_up_those_behind(
    sqlite_database: Path, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("case_service.webhooks.teller.Teller.__init__.__defaults__", (0.01,))
    receiver.refuse = 2
    async with running_cases(sqlite_database, webhooks=[webhook(tmp_path, receiver)]) as cases:
        await cases.record(alert("a"))
        await cases.record(alert("b", owners=("O2",)))
        told = await receiver.wait(4)
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [each["data"]["number"] for each in told] == [1, 1, 1, 2]


async def test_after_a_restart_it_goes_on_where_it_was(
    sqlite_database: Path, tmp_path: Path, receiver: Receiver
) -> None:
    hook = webhook(tmp_path, receiver)
    async with running_cases(sqlite_database, webhooks=[hook]) as cases:
        await cases.record(alert("a"))
        await receiver.wait(1)
    async with running_cases(sqlite_database) as cases:  # nobody is told meanwhile
        await cases.record(alert("b", owners=("O2",)))
    async with running_cases(sqlite_database, webhooks=[hook]) as cases:
        await cases.record(alert("c", owners=("O3",)))
        numbers = [1]
        while numbers[-1] < 3:  # the first may come twice: what is not remembered is told again
            numbers = [each["data"]["number"] for each in await receiver.wait(1)]
    assert {*numbers} == {1, 2, 3}
    assert numbers == sorted(numbers)


async def test_only_the_events_it_asked_for_are_told(sqlite_database: Path, tmp_path: Path, receiver: Receiver) -> None:
    hook = webhook(tmp_path, receiver, events=["case.escalated"])
    async with running_cases(sqlite_database, webhooks=[hook]) as cases:
        await cases.record(alert("a"))
        await escalate(cases, "a")
        assert [each["type"] for each in await receiver.wait(1)] == ["case.escalated"]


async def test_a_restricted_case_is_told_to_nobody(sqlite_database: Path, tmp_path: Path, receiver: Receiver) -> None:
    async with running_cases(sqlite_database, webhooks=[webhook(tmp_path, receiver)]) as cases:
        await cases.record(alert("a"))
        await receiver.wait(1)
        case = await cases.case_of(alert("a"))
        async with open_channel(f"127.0.0.1:{cases.service.bound_port}", SecuritySettings()) as channel:
            stub: Any = confidentiality_pb2_grpc.ConfidentialityServiceStub(channel)
            request = confidentiality_pb2.RestrictCaseRequest(
                case_id=case.case_id, etag=case.etag, actor="sue", reason="an insider", names=["ann"]
            )
            await stub.RestrictCase(request, timeout=30)
        await escalate(cases, "a")
        await cases.record(alert("b", owners=("O2",)))
        told = await receiver.wait(1)
    assert [(each["type"], each["data"]["number"]) for each in told] == [("case.opened", 1), ("case.opened", 2)]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://127.0.0.1/x", "public address"),
        ("https://[::1]/x", "public address"),
        ("https://[::ffff:10.0.0.1]/x", "public address"),
        ("https://10.0.0.1/x", "public address"),
        ("https://169.254.169.254/latest/meta-data", "public address"),
        ("https://0.0.0.0/x", "public address"),
        ("https://224.0.0.1/x", "public address"),
        ("https://localhost/x", "public address"),
        ("http://192.0.2.1/x", "public address"),
        ("http://1.1.1.1/x", "expected https"),
    ],
)
def test_private_addresses_and_plain_http_are_refused_before_a_connection(url: str, word: str) -> None:
    with pytest.raises(NotDelivered, match=word):
        send(url, b"{}", {}, [], ssl.create_default_context())


def test_a_redirection_is_not_followed(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "take", lambda headers, body: 302)
    allowed = WebhookSettings.model_validate(
        {"name": "x", "url": "https://example.org/", "secret_file": "s", "networks": LOOPBACK}
    ).networks
    with pytest.raises(NotDelivered, match="found 302"):
        send(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allowed, ssl.create_default_context())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "whsec_*"])
async def test_a_secret_that_is_none_stops_the_start(
    sqlite_database: Path, tmp_path: Path, receiver: Receiver, secret: str
) -> None:
    hook = webhook(tmp_path, receiver)
    hook.secret_file.write_text(secret)
    with pytest.raises(StartError, match="webhook desk: the secret"):
        async with running_cases(sqlite_database, webhooks=[hook]):
            pass


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org/hook", "https://me:it@example.org/"])
def test_an_address_that_is_none_is_refused_in_the_settings(tmp_path: Path, receiver: Receiver, url: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        webhook(tmp_path, receiver, url=url)


def test_a_receiver_finds_what_was_changed_and_what_is_old() -> None:
    body = b'{"type":"case.opened"}'
    headers = {
        "Webhook-Id": "tw_1",
        "Webhook-Timestamp": "1000",
        "Webhook-Signature": signature(SECRET, "tw_1", 1000, body),
    }
    assert verify(SECRET, headers, body, 1100) == "tw_1"
    rotated = {**headers, "Webhook-Signature": f"v1,AAAA {headers['Webhook-Signature']}"}
    assert verify(SECRET, rotated, body, 1100) == "tw_1"
    for changed, told, now_s in (
        (headers, body + b" ", 1100),
        ({**headers, "Webhook-Id": "tw_2"}, body, 1100),
        (headers, body, 1301),
        ({**headers, "Webhook-Timestamp": "soon"}, body, 1100),
        ({"webhook-id": "tw_1"}, body, 1100),
    ):
        with pytest.raises(SignatureError):
            verify(SECRET, changed, told, now_s)
