"""The example of docs/fix-gateway.md does what the page says."""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from fix_gateway.refusal import REFUSAL_REASONS
from tapewatch.fix.codec import Field, Message
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import IgnoringApplication, Reply, open_session
from tests.conftest import CHECKOUT
from tests.fix_gateway.processes import free_port

PAGE = (CHECKOUT / "docs" / "fix-gateway.md").read_text(encoding="utf-8")
ORDER: list[Field] = [(11, "C1"), (21, "1"), (55, "ABC"), (54, "1"), (60, "20260105-09:00:00"), (40, "1"), (38, "100")]


class Hearing(IgnoringApplication):
    """Remembers what came, and says when something did."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.has_heard = asyncio.Event()

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        self.heard.extend(messages)
        self.has_heard.set()
        return ()


def example() -> dict[str, Any]:
    source = re.search(r"```python\n(.*?)```", PAGE, re.S)
    assert source is not None
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(source[1], "docs/fix-gateway.md", "exec"), names)
    return names


@pytest.mark.parametrize(
    ("begin_string", "target"), [("FIX.4.2", "TW42"), ("FIX.4.4", "TW44"), ("FIXT.1.1", "TW50SP2")]
)
async def test_the_example_echoes_orders_in_strict_mode(
    tmp_path: Path, begin_string: Literal["FIX.4.2", "FIX.4.4", "FIXT.1.1"], target: str
) -> None:
    port = free_port()
    running = asyncio.create_task(example()["main"](f"127.0.0.1:{port}", tmp_path))
    hearing = Hearing()
    config = SessionConfig(begin_string, target, "ISLD", reset_on_logon=True)
    opened = open_session("127.0.0.1", port, config, MemoryStore(), hearing, logon_wait_s=30)
    async with opened as session:
        await session.send("D", ORDER)
        await asyncio.wait_for(hearing.has_heard.wait(), 30)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert [(each.msg_type, each.get(11), each.get(38)) for each in hearing.heard] == [("D", "C1", "100")]


def test_the_page_names_every_reason_of_a_refusal() -> None:
    assert [reason for reason in REFUSAL_REASONS if f"`{reason}`" not in PAGE] == []
