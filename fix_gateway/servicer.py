"""FixService: protobuf to the sessions and back."""

from collections.abc import Callable
from typing import Any

import grpc.aio
import structlog

from fix_gateway.figures import FigureBook
from fix_gateway.reset import reset_session
from fix_gateway.seat import Seat, Seats
from surveillance.v1 import fix_pb2, fix_pb2_grpc
from tapewatch.fix.transport import Clock
from tapewatch.runtime.access import acting, caller_of
from tapewatch.runtime.errors import InvalidArgument, NotFound

PAGE_SIZE_DEFAULT = 1000
PAGE_SIZE_MAX = 1000
REASON_CHARACTERS_MAX = 500
SERVICE_NAME = "surveillance.v1.FixService"

Context = grpc.aio.ServicerContext[Any, Any]
_log = structlog.get_logger(__name__)


class FixServicer(fix_pb2_grpc.FixServiceServicer):
    """Serves the sessions; ``connections`` counts those there are, ``refusals`` those turned away, by reason."""

    def __init__(
        self,
        seats: Seats,
        book: FigureBook,
        clock: Clock,
        connections: Callable[[], int],
        refusals: Callable[[], dict[str, int]],
    ) -> None:
        self._seats = seats
        self._book = book
        self._clock = clock
        self._connections = connections
        self._refusals = refusals

    async def ListFixSessions(
        self, request: fix_pb2.ListFixSessionsRequest, context: Context
    ) -> fix_pb2.ListFixSessionsResponse:
        """List the sessions by name; a page token is the last name of the page before."""
        if request.page_size < 0:
            text = f"page_size must be 0 or more, found {request.page_size}"
            raise InvalidArgument("INVALID_PAGE_SIZE", text, field="page_size")
        size = min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
        rest = sorted((seat for seat in self._seats if seat.name > request.page_token), key=lambda seat: seat.name)
        page = rest[:size]
        return fix_pb2.ListFixSessionsResponse(
            sessions=[self._session(seat) for seat in page],
            next_page_token=page[-1].name if len(rest) > size else "",
            connections=self._connections(),
            refusals=self._refusals(),
        )

    async def ResetFixSession(
        self, request: fix_pb2.ResetFixSessionRequest, context: Context
    ) -> fix_pb2.FixSessionReset:
        """Reset a session's numbers."""
        actor = acting(caller_of(context), request.actor).strip()
        for field, text in (("actor", actor), ("reason", request.reason.strip())):
            if not text or len(text) > REASON_CHARACTERS_MAX:
                said = f"{field}: expected 1 to {REASON_CHARACTERS_MAX} characters, found {len(text)}"
                raise InvalidArgument("INVALID_RESET", said, field=field)
        seat = self._seats.find(request.name)
        if seat is None:
            names = ", ".join(each.name for each in self._seats)
            text = (
                f"expected one of the sessions {names}, or a CompID that one of them alone has, found {request.name!r}"
            )
            raise NotFound("NO_SUCH_SESSION", text, field="name")
        done = await reset_session(seat, actor, request.reason.strip(), self._clock, force=request.force)
        _log.warning("session reset", session=seat.name, actor=actor, reason=request.reason, epoch=done.epoch_after)
        return fix_pb2.FixSessionReset(
            name=seat.name,
            time_ns=done.time_ns,
            actor=done.actor,
            inbound_before=done.inbound_before,
            outbound_before=done.outbound_before,
            epoch_before=done.epoch_before,
            epoch_after=done.epoch_after,
        )

    def _session(self, seat: Seat) -> fix_pb2.FixSession:
        session, connection, figures = seat.session, seat.connection, self._book.of(seat.name)
        found = fix_pb2.FixSession(
            name=seat.name,
            role=session.config.role,
            state=session.state.value,
            profile=seat.settings.profile,
            expected_sequence=session.expected,
            next_inbound_sequence=session.store.next_inbound,
            next_outbound_sequence=session.store.next_outbound,
            epoch=session.store.epoch,
            messages=figures.messages,
            events=figures.events,
            lag_ns=figures.lag_ns,
            clock_skew_ns=figures.skew_ns,
            last_event=figures.last_event,
            last_event_time_ns=figures.last_event_ns,
        )
        if connection is not None:
            traffic = connection.traffic
            found.peer_address = traffic.peer
            found.connected_time_ns, found.received_time_ns = traffic.connected_ns, traffic.received_ns
            found.waiting_messages, found.reading = connection.waiting_count, connection.is_reading
            found.throttled = traffic.throttled_count
        return found
