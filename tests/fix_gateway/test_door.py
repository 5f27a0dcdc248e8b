"""The listening socket when it is shut while somebody comes in."""

import asyncio
import socket

import pytest

from fix_gateway.door import Door
from fix_gateway.refusal import Refusal
from tapewatch.fix.codec import Message
from tapewatch.fix.transport import SessionConnection
from tapewatch.runtime.addresses import Address


class Keeper:
    """Takes everybody and counts them."""

    def __init__(self) -> None:
        self.inside = 0

    def enter(self, host: str) -> Refusal | None:
        self.inside += 1
        return None

    def leave(self, host: str) -> None:
        self.inside -= 1

    def open(self, logon: Message, host: str, names: frozenset[str]) -> SessionConnection | Refusal:
        raise AssertionError("nobody logs on")

    def report(self, event: Refusal) -> None:
        raise AssertionError(f"expected no refusal, found {event}")


@pytest.mark.parametrize("moment", range(8))
async def test_a_connection_that_comes_as_the_door_shuts_is_ended_at_any_moment(moment: int) -> None:
    keeper = Keeper()
    door = Door(keeper, None, 30.0)
    port = door.open(Address("127.0.0.1", 0))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        for _ in range(moment):
            await asyncio.sleep(0)
        await door.close()
        async with asyncio.timeout(30):
            while keeper.inside or door.gate_count:  # noqa: ASYNC110  # what is waited for has no event
                await asyncio.sleep(0.001)
        try:
            ended = await asyncio.to_thread(peer.recv, 1) == b""
        except ConnectionResetError:
            ended = True
    assert ended
