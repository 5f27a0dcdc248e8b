"""The gateway's sessions as an operator sees them, over a real channel and through the command."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from fix_gateway.app import lifespan
from fix_gateway.settings import FixSettings
from ingest_service.app import IngestSettings
from ingest_service.app import lifespan as ingest_lifespan
from surveillance.v1 import fix_pb2
from tapewatch.cli.main import main
from tapewatch.client.errors import ClientError
from tapewatch.client.fix import FixClient
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import InitiatorSession, open_session
from tapewatch.runtime.service import Service, running_service
from tests.fix_gateway.processes import free_port
from tests.tapewatch.fix.fix_peer import report_fields

NAME = "FIX.4.4:VENUE->US"
VENUE = SessionConfig("FIX.4.4", "VENUE", "US")


class Stack:
    """A running gateway and what its operator needs."""

    def __init__(self, service: Service, client: FixClient, fix_port: int, ingest: str, store: Path) -> None:
        self.client = client
        self.target = f"127.0.0.1:{service.bound_port}"
        self.ingest = ingest
        self.metrics = service.metrics
        self.store = store
        self._fix_port = fix_port

    @asynccontextmanager
    async def venue(self, store: MemoryStore | None = None) -> AsyncIterator[InitiatorSession]:
        opened = open_session("127.0.0.1", self._fix_port, VENUE, store or MemoryStore(), logon_wait_s=30)
        async with opened as session:
            yield session

    async def command(self, *arguments: str) -> int:
        return await asyncio.to_thread(main, ["fix", *arguments])


@asynccontextmanager
async def stack(folder: Path) -> AsyncIterator[Stack]:
    fix_port, sessions = free_port(), [{"sender": "US", "target": "VENUE"}, {"sender": "US", "target": "OTHER"}]
    async with AsyncExitStack() as exits:
        ingest = IngestSettings(listen="127.0.0.1:0", directory=folder / "ingest")
        front = await exits.enter_async_context(running_service("ingest", ingest, ingest_lifespan))
        settings = FixSettings.model_validate(
            {
                "listen": f"127.0.0.1:{fix_port}",
                "status_listen": "127.0.0.1:0",
                "store": folder,
                "ingest": f"127.0.0.1:{front.bound_port}",
                "sessions": sessions,
            }
        )
        service = await exits.enter_async_context(running_service("fix", settings, lifespan))
        client = await exits.enter_async_context(FixClient(f"127.0.0.1:{service.bound_port}"))
        yield Stack(service, client, fix_port, settings.ingest, folder)


async def until(running: Stack, holds: Callable[[fix_pb2.FixSession], bool]) -> None:
    """Waits for something of our session."""
    async with asyncio.timeout(30):
        while not holds((await running.client.list_sessions()).sessions[1]):  # noqa: ASYNC110  # in another process
            await asyncio.sleep(0.01)


async def test_a_session_shows_its_state_numbers_and_what_happened(tmp_path: Path) -> None:
    async with stack(tmp_path) as running, running.venue() as venue:
        await venue.send("8", report_fields())
        await venue.drained()
        await until(running, lambda live: live.next_inbound_sequence == 4)
        other, live = (await running.client.list_sessions()).sessions
        assert (other.name, other.state, other.peer_address) == ("FIX.4.4:OTHER->US", "disconnected", "")
        assert (live.name, live.state, live.role, live.profile) == (NAME, "active", "acceptor", "fix44")
        assert (live.expected_sequence, live.next_inbound_sequence) == (4, 4)
        assert (live.waiting_messages, live.reading, dict(live.events)) == (0, True, {"logon": 1, "reset": 1})
        assert abs(live.clock_skew_ns) < 30_000_000_000 < live.lag_ns  # the report's own time is of another day
        assert live.peer_address.startswith("127.0.0.1:")


async def test_metrics_show_each_sessions_state_and_numbers(tmp_path: Path) -> None:
    async with stack(tmp_path) as running, running.venue() as venue:
        await venue.send("8", report_fields())
        await until(running, lambda live: live.next_inbound_sequence == 3)
        value = partial(running.metrics.get_sample_value, labels={"source": NAME})
        assert (value("tapewatch_fix_active"), value("tapewatch_fix_next_inbound")) == (1.0, 3.0)
        assert (value("tapewatch_fix_next_outbound"), value("tapewatch_fix_unconfirmed")) == (2.0, 0.0)
        assert (value("tapewatch_fix_waiting"), value("tapewatch_fix_events_total")) == (0.0, 1.0)
        assert abs(value("tapewatch_fix_clock_skew_seconds") or 0.0) < 30
        assert running.metrics.get_sample_value("tapewatch_fix_connections") == 1.0
        idle = {"source": "FIX.4.4:OTHER->US"}
        assert running.metrics.get_sample_value("tapewatch_fix_active", idle) == 0.0
        assert running.metrics.get_sample_value("tapewatch_fix_clock_skew_seconds", idle) is None


async def test_refusals_are_counted_by_reason(tmp_path: Path) -> None:
    async with stack(tmp_path) as running:
        with pytest.raises(ConnectionError):
            async with open_session(
                "127.0.0.1",
                running._fix_port,
                SessionConfig("FIX.4.4", "STRANGER", "US"),
                MemoryStore(),
                logon_wait_s=0.2,
            ):
                raise AssertionError("a stranger logged on")
        found = await running.client.list_sessions()
        assert found.refusals["unknown_session"] >= 1


async def test_a_reset_is_done_audited_and_answered_with_the_numbers_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stack(tmp_path) as running:
        async with running.venue():
            pass
        await until(running, lambda live: not live.peer_address)
        asked = ("reset", "--session", "VENUE", "--reason", "the venue lost its store", "--actor", "kim")
        assert await running.command(*asked, "--target", running.target, "--json") == 0
        done = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (done["actor"], done["inbound_before"], done["outbound_before"]) == ("kim", 3, 3)
        assert done["epoch_after"] > done["epoch_before"]
        async with running.venue():  # its numbers begin at 1 too
            pass
    config = tmp_path / "tapewatch.yaml"
    config.write_text(f"fix: {{store: {tmp_path}, sessions: [{{sender: US, target: VENUE}}]}}")
    assert main(["fix", "audit", "show", "--session", "VENUE", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert "asked for by kim: the venue lost its store; before: next inbound 3, next outbound 3" in shown
    assert "done for kim: the venue lost its store; after: next inbound 1, next outbound 1" in shown
    assert main(["fix", "audit", "verify", "--session", "VENUE", "--config", str(config)]) == 0
    assert "all as they were written" in capsys.readouterr().out


async def test_a_live_session_is_reset_only_by_force(tmp_path: Path) -> None:
    async with stack(tmp_path) as running, running.venue():
        with pytest.raises(
            ClientError, match=r"expected FIX\.4\.4:VENUE->US to be logged out, found it connected from"
        ):
            await running.client.reset_session(NAME, "kim", "why not")
        done = await running.client.reset_session(NAME, "kim", "why not", force=True)
        assert done.inbound_before >= 2


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [("NOBODY", "r", "expected one of the sessions"), ("VENUE", " ", "reason: expected 1 to 500 characters")],
)
async def test_a_reset_that_makes_no_sense_is_refused(tmp_path: Path, name: str, reason: str, said: str) -> None:
    async with stack(tmp_path) as running:
        with pytest.raises(ClientError, match=said):
            await running.client.reset_session(name, "kim", reason)


async def test_the_command_lists_sessions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with stack(tmp_path) as running, running.venue():
        assert await running.command("sessions", "--target", running.target) == 0
        shown = capsys.readouterr().out
        assert NAME in shown
        assert "connections: 1; refused since the gateway started: none" in shown
