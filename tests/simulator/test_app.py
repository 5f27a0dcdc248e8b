import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import grpc.aio
import pytest
from pydantic import ValidationError

from fix_gateway.acceptor import serve
from fix_gateway.settings import FixSettings
from simulator.app import SimulatorSettings, _gateway_tls, lifespan
from surveillance.v1 import simulator_pb2 as messages
from surveillance.v1 import simulator_pb2_grpc
from tapewatch.fix.message import Message
from tapewatch.fix.session import SessionConfig, SessionEvent
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import IgnoringApplication, Reply, open_session
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.certificates import init_certificates
from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.service import running_service
from tapewatch.runtime.settings import SettingsError

DEADLINE_S = 20.0


class Counting(IgnoringApplication):
    """A FIX application that counts, and tells when it has some."""

    def __init__(self) -> None:
        self.count = 0
        self.has_some = asyncio.Event()

    async def on_messages(self, session_name: str, messages_: Sequence[Message]) -> Sequence[Reply]:
        self.count += len(messages_)
        self.has_some.set()
        return ()


async def test_a_service_that_stops_ends_its_run_logs_out_and_loses_nothing(tmp_path: Path) -> None:
    counting, events = Counting(), list[SessionEvent]()
    gateway = FixSettings(fix_listen="127.0.0.1:0", store=tmp_path / "gateway")
    async with await serve(gateway, counting, on_event=lambda _, event: events.append(event)) as acceptor:
        settings = SimulatorSettings(
            listen="127.0.0.1:0", gateway=f"127.0.0.1:{acceptor.port}", data_directory=tmp_path / "simulator"
        )
        async with (
            running_service("simulator", settings, lifespan) as service,
            grpc.aio.insecure_channel(str(service.address)) as channel,
        ):
            stub = simulator_pb2_grpc.SimulatorServiceStub(channel)
            request = messages.StartSimulationRequest(seed=1, speed=5.0, normal_only=True)
            await stub.StartSimulation(request, timeout=5)
            await asyncio.wait_for(counting.has_some.wait(), DEADLINE_S)
            sent = (await stub.GetSimulation(messages.GetSimulationRequest(), timeout=5)).events_sent
        assert counting.count >= sent > 0
        assert "logout" in [event.kind for event in events]


async def test_over_tls_the_simulator_shows_the_certificate_of_its_service(tmp_path: Path) -> None:
    files = tmp_path / "certificates"
    init_certificates(files, ["fix", "simulator"], 2, datetime.now(UTC))
    tls = {"certificate": files / "fix.pem", "key": files / "fix.key", "authority": files / "authority.pem"}
    session = {"target": "XTWS", "certificate_name": "simulator"}
    gateway = FixSettings.model_validate(
        {"listen": "127.0.0.1:0", "store": tmp_path / "gateway", "tls": tls, "sessions": [session]}
    )
    material = SecuritySettings(
        mode="mtls", certificate=files / "simulator.pem", key=files / "simulator.key", authority=files / "authority.pem"
    )
    counting = Counting()
    async with await serve(gateway, counting) as acceptor:
        settings = SimulatorSettings(gateway=f"localhost:{acceptor.port}", gateway_tls=True)
        tls_of_simulator = _gateway_tls(Address.parse(settings.gateway), material)
        config = SessionConfig("FIX.4.4", "XTWS", "TAPEWATCH")
        opened = open_session("localhost", acceptor.port, config, MemoryStore(), tls=tls_of_simulator, logon_wait_s=30)
        async with opened as session_there:
            await session_there.drained()
    with pytest.raises(SettingsError, match="expected certificate, key and authority in `security`"):
        _gateway_tls(Address.parse("localhost:1"), SecuritySettings())


async def test_a_gateway_that_is_not_there_fails_the_run_and_names_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setattr("simulator.app.LOGON_WAIT_SECONDS", 0.2)
    gateway = f"127.0.0.1:{unused_tcp_port}"
    settings = SimulatorSettings(listen="127.0.0.1:0", gateway=gateway, data_directory=tmp_path)
    async with (
        running_service("simulator", settings, lifespan) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        stub = simulator_pb2_grpc.SimulatorServiceStub(channel)
        await stub.StartSimulation(messages.StartSimulationRequest(minutes=1, normal_only=True), timeout=5)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                simulation = await stub.GetSimulation(messages.GetSimulationRequest(), timeout=5)
                if simulation.state == messages.SIMULATION_STATE_FAILED:
                    break
    assert gateway in simulation.error
    assert "is the gateway running" in simulation.error


@pytest.mark.parametrize("gateway", ["nowhere", "host:99999", ""])
def test_a_gateway_without_host_and_port_is_refused(gateway: str) -> None:
    with pytest.raises(ValidationError, match="expected HOST:PORT"):
        SimulatorSettings(gateway=gateway)
