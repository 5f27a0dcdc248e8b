"""A drop copy that logs out in good order is silent by right; one that is logged on and silent is not."""

import json
import time
from pathlib import Path

import pytest
import yaml

from simulator.drop_copy import BEGIN_STRING
from simulator.output import FIX_SENDER, FIX_TARGET
from surveillance.v1 import ingest_pb2
from tapewatch.client.ingest import IngestPublisher
from tapewatch.fix.session import SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.transport import open_session
from tapewatch.market.frame import Frame
from tapewatch.runtime.addresses import Address
from tests.end_to_end.stack import CORE, Stack, running_stack, until
from tests.tapewatch.fix.fix_peer import report_fields

pytestmark = pytest.mark.timeout(180)
SOURCE = f"{BEGIN_STRING}:{FIX_SENDER}->{FIX_TARGET}"
VENUE = SessionConfig(BEGIN_STRING, FIX_SENDER, FIX_TARGET)
SOON = {"ingest": {"silence_s": 0.5, "idle_s": 0.5}}


async def marks(stack: Stack) -> list[tuple[str, str]]:
    """Name and source of every mark journalled, in order."""
    end, found = (await stack.ingest.status()).next_sequence, []
    async for record in stack.ingest.subscribe(0, "test"):
        if record.kind == ingest_pb2.RECORD_KIND_MARK:
            mark = json.loads(record.payload)
            found.append((mark["mark"], mark.get("source", "")))
        if record.next_sequence >= end:
            break
    return found


async def has(stack: Stack, *wanted: tuple[str, str]) -> bool:
    return set(wanted) <= set(await marks(stack))


async def gaps(stack: Stack) -> set[str]:
    """Sources with a data_gap, by the explanation's first words."""
    alerts = await stack.cases.list_alerts('rule_id = "data_gap"')
    return {name for alert in alerts for name in (SOURCE, "other") if name in alert.explanation}


async def test_a_session_that_logged_out_raises_no_gap_and_one_that_is_back_and_silent_does(tmp_path: Path) -> None:
    store = MemoryStore()
    async with running_stack(tmp_path, CORE | {"fix"}, SOON) as stack:
        gateway = Address.parse(fix_address(stack))
        async with open_session(gateway.host, gateway.port, VENUE, store) as session:
            await session.send("8", report_fields("E1"))
        await until(lambda: has(stack, ("end_of_source", SOURCE)), "the source has not ended")
        async with IngestPublisher(stack.address("ingest"), name="other") as publisher:
            row = {"event_time_ns": time.time_ns(), "kind": "TRADE", "venue": "XOTH", "instrument": "ACME"}
            told = {**row, "price": 10.0, "quantity": 1.0, "source": "other", "source_sequence": 1}
            await publisher.publish(Frame.from_rows([told]))
        await until(lambda: has(stack, ("silent", "other")), "a source that is heard later is not silent yet")
        assert ("silent", SOURCE) not in await marks(stack)
        async with open_session(gateway.host, gateway.port, VENUE, store):
            await until(lambda: has(stack, ("start_of_source", SOURCE)), "the source is not there again")
            await until(lambda: has(stack, ("silent", SOURCE)), "its silence is not noticed")
            await stack.drained()
            assert await gaps(stack) == {SOURCE, "other"}


def fix_address(stack: Stack) -> str:
    """HOST:PORT the gateway takes FIX on."""
    listen: str = yaml.safe_load(stack.config.read_text())["fix"]["listen"]
    return listen
