"""What the gateway refuses to start with."""

from pathlib import Path

import pytest

from fix_gateway.app import lifespan
from fix_gateway.settings import FixSettings
from tapewatch.runtime.service import running_service
from tapewatch.runtime.settings import SettingsError


async def test_local_mode_takes_fix_on_loopback_only(tmp_path: Path) -> None:
    settings = FixSettings.model_validate(
        {"listen": "0.0.0.0:0", "plaintext": True, "status_listen": "127.0.0.1:0", "store": tmp_path, "sessions": []}
    )
    with pytest.raises(SettingsError, match=r"fix\.listen: expected a loopback address .*found '0\.0\.0\.0:0'"):
        async with running_service("fix", settings, lifespan):
            pass
