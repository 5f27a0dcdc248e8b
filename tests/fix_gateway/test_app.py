"""What the gateway refuses to start with."""

from pathlib import Path

import pytest

from fix_gateway.app import lifespan
from fix_gateway.settings import FixSettings
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import open_session
from tapewatch.runtime.service import running_service
from tapewatch.runtime.settings import SettingsError
from tests.fix_gateway.processes import free_port
from tests.tapewatch.fix.fix_peer import report_fields


async def test_local_mode_takes_fix_on_loopback_only(tmp_path: Path) -> None:
    settings = FixSettings.model_validate(
        {"listen": "0.0.0.0:0", "plaintext": True, "status_listen": "127.0.0.1:0", "store": tmp_path, "sessions": []}
    )
    with pytest.raises(SettingsError, match=r"fix\.listen: expected a loopback address .*found '0\.0\.0\.0:0'"):
        async with running_service("fix", settings, lifespan):
            pass


async def test_a_gateway_stops_in_good_order_while_ingest_is_away(tmp_path: Path) -> None:
    port = free_port()
    settings = FixSettings.model_validate(
        {
            "listen": f"127.0.0.1:{port}",
            "status_listen": "127.0.0.1:0",
            "store": tmp_path,
            "ingest": f"127.0.0.1:{free_port()}",
        }
    )
    venue = SessionConfig("FIX.4.4", "XTWS", "TAPEWATCH")
    opened = open_session("127.0.0.1", port, venue, MemoryStore(), logon_wait_s=30)
    async with running_service("fix", settings, lifespan), opened as session:
        await session.send("8", report_fields())
        await session.drained()
