"""Letting a session's numbers begin again at 1 because somebody asked: audited before and after it is done."""

import asyncio
from dataclasses import dataclass

from fix_gateway.seat import Seat
from tapewatch.fix.session import SessionEvent
from tapewatch.fix.transport import Clock
from tapewatch.runtime.errors import FailedPrecondition

LOGOUT_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset that was done: who, when, and the numbers before; after it both are 1, in another epoch."""

    time_ns: int
    actor: str
    inbound_before: int
    outbound_before: int
    epoch_before: int
    epoch_after: int


async def reset_session(seat: Seat, actor: str, reason: str, clock: Clock, *, force: bool) -> Reset:
    """Resets the session; logs it out first where ``force`` allows it.

    The request is in the audit log, durably, before anything is changed. Raises FailedPrecondition while the session
    is logged on and ``force`` is not set, or where the peer comes back in the very moment.
    """
    if seat.connection is not None:
        if not force:
            raise _logged_on(seat, "wait for its end, or force: its counterparty is then logged out")
        await _log_out(seat, clock)
    store = seat.session.store
    inbound, outbound, epoch = store.next_inbound, store.next_outbound, store.epoch
    numbers = f"next inbound {inbound}, next outbound {outbound}, epoch {epoch}"
    seat.recorder.happened(SessionEvent("reset", f"asked for by {actor}: {reason}; before: {numbers}"), clock())
    await seat.recorder.kept()
    if seat.connection is not None:
        raise _logged_on(seat, "it logged on again meanwhile; ask again")
    now_ns = clock()
    store.reset(now_ns)
    seat.session.disconnected()
    done = f"done for {actor}: {reason}; after: next inbound 1, next outbound 1, epoch {store.epoch}"
    seat.recorder.happened(SessionEvent("reset", done), now_ns)
    await seat.recorder.kept()
    return Reset(now_ns, actor, inbound, outbound, epoch, store.epoch)


def _logged_on(seat: Seat, advice: str) -> FailedPrecondition:
    peer = seat.connection.traffic.peer if seat.connection is not None else "?"
    text = f"expected {seat.name} to be logged out, found it connected from {peer}; {advice}"
    return FailedPrecondition("SESSION_LOGGED_ON", text, session=seat.name)


async def _log_out(seat: Seat, clock: Clock) -> None:
    connection = seat.connection
    if connection is None:
        return
    connection.take(seat.session.logout(clock(), "the session is reset by its operator"))
    try:
        await asyncio.wait_for(connection.ended.wait(), LOGOUT_WAIT_S)
    except TimeoutError:
        connection.close()
        await connection.ended.wait()
