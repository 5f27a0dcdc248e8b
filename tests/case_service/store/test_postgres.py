"""What holds on PostgreSQL alone: one writer, and a server that goes away and comes back."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from pydantic import ValidationError
from sqlalchemy import update

from case_service.app import CaseSettings
from case_service.audit import Entry
from case_service.store.databases import postgres
from case_service.store.databases.opening import open_database
from case_service.store.reading import case_number_of, change_head
from case_service.store.store import open_store
from case_service.store.tables import heads
from case_service.store.transaction import Transaction
from tapewatch.bench.postgres_server import PASSWORD, PostgresServer, ServerAbsentError, running_server
from tapewatch.runtime.errors import InvalidArgument, StartError, Unavailable
from tests.case_service.databases import Server, opened
from tests.case_service.fakes import FakeClock, alert, alert_id, running_cases

pytestmark = pytest.mark.postgres


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    try:
        with running_server(["fsync=off"]) as server:
            yield server
    except ServerAbsentError as error:
        pytest.skip(str(error))


def test_a_second_writer_is_refused_and_let_in_when_the_first_has_gone(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "WRITER_WAIT_MS", 50)
    refused = pytest.raises(StartError, match="to be its only writer, found another service")
    with opened(postgres_database), refused, opened(postgres_database):
        pass
    with opened(postgres_database) as database:
        assert database.read(change_head) == 0


def test_a_writer_whose_session_was_ended_takes_the_lock_again(postgres_database: str, postgres_server: Server) -> None:
    with opened(postgres_database) as database:
        name = postgres_database.split("?")[0].rpartition("/")[2]
        postgres_server.server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        assert database.write(change_head) == 0
        assert database.read(change_head) == 0


def test_a_writer_that_finds_another_in_its_place_writes_nothing(
    postgres_database: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "WRITER_WAIT_MS", 50)
    with opened(postgres_database) as database:
        name = postgres_database.split("?")[0].rpartition("/")[2]
        postgres_server.server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        with opened(postgres_database), pytest.raises(database.errors) as caught:
            database.write(change_head)
        refusal = database.refusal(caught.value)
        assert isinstance(refusal, Unavailable)
        assert refusal.reason == "ANOTHER_WRITER"
        assert database.write(change_head) == 0


async def test_a_server_that_crashes_gives_unavailable_and_the_service_goes_on_when_it_is_back(
    own_server: PostgresServer,
) -> None:
    own_server.execute("CREATE DATABASE cases")
    async with running_cases(own_server.url("cases")) as cases:
        await cases.record(alert("before"))
        own_server.stop(signal.SIGQUIT)
        for method, fields in (("GetAlert", {"alert_id": alert_id("before")}), ("ListCases", {})):
            code, reason, _ = await cases.refused(method, **fields)
            assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNREACHABLE")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await cases.record(alert("during"))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        own_server.start()
        assert (await cases.call("GetAlert", alert_id=alert_id("before"))).alert_id == alert_id("before")
        code, _, _ = await cases.refused("GetAlert", alert_id=alert_id("during"))
        assert code is grpc.StatusCode.NOT_FOUND, "expected what was refused not to be there"
        (result,) = await cases.record(alert("during"))
        assert result.changed
        assert (await cases.call("VerifyAudit")).intact


async def test_a_password_comes_from_a_file_and_a_wrong_one_is_never_said(
    postgres_server: Server, postgres_database: str, tmp_path: Path
) -> None:
    name = postgres_database.split("?")[0].rpartition("/")[2]
    url = postgres_server.server.network_url(name)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    async with running_cases(url, database_password_file=secret) as cases:
        await cases.record(alert())
    with pytest.raises(StartError, match="password authentication failed") as caught:
        async with running_cases(url, database_password="not-this-one"):
            pass
    assert "not-this-one" not in str(caught.value)


async def test_a_value_that_it_cannot_hold_is_refused_to_its_caller_alone(postgres_database: str) -> None:
    def hold(shared: Transaction) -> None:
        shared.connection.execute(update(heads).values(audit_hash="a\0b"))

    def note(shared: Transaction) -> int:
        shared.audit([Entry("ann", "Look", "case", detail="{}")])
        return shared.heads.audit_count

    async with open_store(postgres_database, FakeClock()) as store:
        waiting = [asyncio.ensure_future(store.write(work)) for work in (note, hold, note)]
        await asyncio.sleep(0)
        writing = asyncio.create_task(store.writer.run())
        first, refused, second = await asyncio.gather(*waiting, return_exceptions=True)
        assert (first, second) == (1, 2)
        assert isinstance(refused, InvalidArgument)
        with pytest.raises(InvalidArgument, match="texts without NUL"):
            await store.read(case_number_of, "a\0b")
        writing.cancel()
        await asyncio.wait([writing])


def test_a_server_that_is_not_there_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "START_WAIT_S", 0.0)
    refused = pytest.raises(StartError, match=r"expected a PostgreSQL database that lets us in, found: .*No such file")
    with closing(open_database(f"postgresql://a@/b?host={tmp_path}", None, 1)) as database, refused:
        database.prepare(change_head)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://ann:hunter2@host/cases", "expected no password in the URL"),
        ("mysql://ann@host/cases", "found the scheme mysql"),
        ("postgresql://ann@host/cases?options=x", "found the parameter options"),
        ("postgresql://ann@host", "found no database"),
        ("postgresql://ann@host/cases?sslmode=maybe", "expected an sslmode among"),
    ],
)
def test_a_wrong_address_is_refused_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CaseSettings(database=url)
