"""Sessions with other engines, both roles, three versions, over a wire that loses messages and breaks."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fix_gateway.acceptor import serve
from fix_gateway.initiator import connect
from fix_gateway.settings import FixSessionSettings, FixSettings
from tapewatch.fix.codec import Field, Message
from tapewatch.fix.session import SessionEvent
from tapewatch.fix.transport import Reply
from tests.interop.peer import ENGINES, Peer, running
from tests.interop.wire import Wire, once_each

pytestmark = pytest.mark.interop

SIZE_VARIABLE = "TAPEWATCH_INTEROP_MESSAGES"
MESSAGES = int(os.environ.get(SIZE_VARIABLE, "500"))
VERSIONS = ["FIX.4.2", "FIX.4.4", "FIXT.1.1"] if SIZE_VARIABLE in os.environ else ["FIX.4.4"]
"""`make interop` asks for 10,000 in every version; the ordinary run, where an engine is installed, for a sample."""
MESSAGES_MIN = 500
DEADLINE_S = 150.0
POLL_S = 0.05
HEARTBEAT_S = 10
HEADER_AND_TRAILER = frozenset({8, 9, 10, 34, 35, 43, 49, 52, 56, 97, 122, 1128})
FAULTS = ("garbled", "reject", "refused", "timeout")
TOLERATED = ("expected a Logon first, found 35=8", "is logged on already")
"""QuickFIX/J may write what it is sending when a connection broke to the next one, before its Logon; and a peer that
connects again is refused until what came on the broken connection is handed on."""


@dataclass
class Echo:
    """Remembers the executions that came and sends each back."""

    numbers: list[int] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        reports = [message for message in messages if message.msg_type == "8"]
        self.others += [repr(message) for message in messages if message.msg_type != "8"]
        self.numbers += [int(message.text(17)[1:]) for message in reports]
        return [("8", _body(message)) for message in reports]

    async def on_logon(self, session_name: str) -> None:
        """Nothing to do."""

    async def on_logout(self, session_name: str) -> None:
        """Nothing to do."""


def _body(message: Message) -> list[Field]:
    return [(tag, value) for tag, value in message.fields if tag not in HEADER_AND_TRAILER]


@dataclass
class Pair:
    """Our session and the peer's, with the wire between them."""

    peer: Peer
    wire: Wire
    ours: Echo
    events: list[SessionEvent]
    is_ours_listening: bool
    close_ours: Callable[[], Awaitable[None]]

    def loses_from_peer(self, *numbers: int) -> None:
        loses = once_each(*numbers)
        if self.is_ours_listening:
            self.wire.to_listener = loses
        else:
            self.wire.from_listener = loses

    def loses_from_us(self, *numbers: int) -> None:
        loses = once_each(*numbers)
        if self.is_ours_listening:
            self.wire.from_listener = loses
        else:
            self.wire.to_listener = loses

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The peer's state once the condition holds."""
        state: dict[str, Any] = {}
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not holds(state := await self.peer.ask()):  # noqa: ASYNC110 - polls another process
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"peer: {state}; ours: {len(self.ours.numbers)}, {self.events[-20:]}") from None
        return state

    async def logged_on(self, times: int = 1) -> dict[str, Any]:
        return await self.until(lambda state: state["logged_on"] and state["logons"] >= times)

    async def all_came(self, count: int) -> dict[str, Any]:
        """Both sides have executions 1 to count."""
        return await self.until(lambda state: state["received"] >= count and len(self.ours.numbers) >= count)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@asynccontextmanager
async def paired(
    engine_name: str, our_role: str, version: str, folder: Path, *, resets: bool = False, heartbeat_s: int = HEARTBEAT_S
) -> AsyncIterator[Pair]:
    """Our session in this role with the engine in the other; `resets`: numbers begin at 1 with every logon."""
    engine = ENGINES[engine_name]()
    if engine.missing:
        pytest.skip(engine.missing)
    store = folder / "peer"
    store.mkdir()
    events: list[SessionEvent] = []
    echo = Echo()

    async def peer_in(stack: AsyncExitStack, role: str, port: int) -> Peer:
        arguments = (role, port, version, heartbeat_s, store, "Y" if resets else "N")
        return await stack.enter_async_context(running(engine, arguments, folder / "peer.log"))

    def settings(**changes: Any) -> FixSettings:
        session = FixSessionSettings(
            begin_string=version,
            target="PEER",
            mode="strict",
            heartbeat_s=heartbeat_s,
            reset_on_logon=resets,
            **changes,
        )
        return FixSettings(listen="127.0.0.1:0", store=folder / "ours", sessions=(session,))

    async with AsyncExitStack() as stack:
        if our_role == "acceptor":
            acceptor = await serve(settings(), echo, on_event=lambda _, event: events.append(event))
            await stack.enter_async_context(acceptor)
            wire = await _wire_to(stack, acceptor.port)
            peer = await peer_in(stack, "initiator", wire.port)
            close = acceptor.close
        else:
            port = _free_port()
            wire = await _wire_to(stack, port)
            peer = await peer_in(stack, "acceptor", port)
            ours = settings(role="initiator", connect=f"127.0.0.1:{wire.port}")
            initiators = await connect(ours, echo, on_event=lambda _, event: events.append(event))
            await stack.enter_async_context(initiators)
            close = initiators.close
        yield Pair(peer, wire, echo, events, our_role == "acceptor", close)


async def _wire_to(stack: AsyncExitStack, port: int) -> Wire:
    wire = Wire(port)
    await wire.open()
    stack.push_async_callback(wire.close)
    return wire


async def in_good_order(pair: Pair, count: int) -> None:
    """Everything came once and in order on both sides, and nobody rejected anything."""
    state = await pair.all_came(count)
    assert pair.ours.numbers == list(range(1, count + 1))
    assert (state["received"], state["out_of_order"], state["twice"]) == (count, 0, 0)
    assert state["complaints"] == []
    assert pair.ours.others == []
    faults = [event for event in pair.events if event.kind in FAULTS]
    assert [event for event in faults if not any(each in event.text for each in TOLERATED)] == []


EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
EVERY_ROLE = pytest.mark.parametrize("our_role", ["acceptor", "initiator"])
EVERY_VERSION = pytest.mark.parametrize("version", VERSIONS)


@EVERY_ENGINE
@EVERY_ROLE
@EVERY_VERSION
@pytest.mark.timeout(600)  # 10,000 messages resent over and over, on a machine that may be busy
async def test_reports_go_both_ways_over_gaps_and_disconnects(
    engine: str, our_role: str, version: str, tmp_path: Path
) -> None:
    assert MESSAGES >= MESSAGES_MIN
    half, quarter = MESSAGES // 2, MESSAGES // 4
    async with paired(engine, our_role, version, tmp_path) as pair:
        await pair.logged_on()
        pair.loses_from_peer(quarter, *range(half - 100, half - 90))
        pair.loses_from_us(quarter + 50, *range(half - 60, half - 50))
        await pair.peer.ask(f"send 1 {half}")
        await in_good_order(pair, half)
        assert len(pair.wire.lost) == 22
        state = await pair.peer.ask()
        assert state["resend_requests"] > 0
        assert any(event.kind == "gap" for event in pair.events)
        logons = state["logons"]
        pair.wire.cut()
        await pair.peer.ask(f"send {half + 1} {quarter}")
        await pair.logged_on(logons + 1)
        await pair.peer.ask(f"send {half + quarter + 1} {MESSAGES - half - quarter}")
        pair.wire.cut()
        await in_good_order(pair, MESSAGES)


@EVERY_ENGINE
@EVERY_ROLE
@EVERY_VERSION
async def test_the_peer_logs_out_and_on_again_with_the_numbers_it_had(
    engine: str, our_role: str, version: str, tmp_path: Path
) -> None:
    async with paired(engine, our_role, version, tmp_path) as pair:
        await pair.logged_on()
        await pair.peer.ask("send 1 5")
        before = await pair.all_came(5)
        await pair.peer.ask("logout")
        await pair.until(lambda state: not state["logged_on"])
        await pair.peer.ask("logon")
        after = await pair.logged_on(before["logons"] + 1)
        assert after["next_target"] > before["next_target"]
        await pair.peer.ask("send 6 5")
        await in_good_order(pair, 10)


@EVERY_ENGINE
@EVERY_ROLE
async def test_numbers_begin_anew_with_every_logon_where_both_want_it(
    engine: str, our_role: str, tmp_path: Path
) -> None:
    async with paired(engine, our_role, "FIX.4.4", tmp_path, resets=True) as pair:
        await pair.logged_on()
        await pair.peer.ask("send 1 40")
        before = await pair.all_came(40)
        pair.wire.cut()
        after = await pair.logged_on(before["logons"] + 1)
        assert max(after["next_sender"], after["next_target"]) < 40
        await pair.peer.ask("send 41 5")
        await in_good_order(pair, 45)


@EVERY_ENGINE
@EVERY_ROLE
async def test_we_log_out_in_good_order(engine: str, our_role: str, tmp_path: Path) -> None:
    async with paired(engine, our_role, "FIX.4.4", tmp_path) as pair:
        before = await pair.logged_on()
        await pair.peer.ask("send 1 5")
        await in_good_order(pair, 5)
        await pair.close_ours()
        after = await pair.until(lambda state: not state["logged_on"] and state["logouts"] > before["logouts"])
        assert after["complaints"] == []
        assert any(event.kind == "logout" for event in pair.events)


@EVERY_ENGINE
@EVERY_ROLE
async def test_a_quiet_session_lives_by_heartbeats(engine: str, our_role: str, tmp_path: Path) -> None:
    async with paired(engine, our_role, "FIX.4.4", tmp_path, heartbeat_s=1) as pair:
        before = await pair.logged_on()
        await pair.until(lambda state: state["next_target"] >= before["next_target"] + 3)
        state = await pair.peer.ask("send 1 1")
        assert (state["logons"], state["logouts"]) == (before["logons"], before["logouts"])
        await in_good_order(pair, 1)
