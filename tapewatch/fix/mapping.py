"""Messages to event rows: which message maps how, by the profile's rules."""

from collections.abc import Callable

from tapewatch.fix.codec import TimestampError
from tapewatch.fix.dictionary import ADMIN_TYPES
from tapewatch.fix.market_mapping import map_market_data, map_phase, map_trade_capture
from tapewatch.fix.message import Message, readable
from tapewatch.fix.order_mapping import map_cancel_reject, map_cross, map_quotes, map_report, map_request
from tapewatch.fix.profile import Profile
from tapewatch.fix.row_fields import Row, base_row
from tapewatch.fix.session_config import source_name

__all__ = ["Row", "map_message"]

Mapped = tuple[list[Row], str | None]

MAPPERS: dict[str, Callable[[Message, Profile, Row], Mapped]] = {
    "8": map_report,
    "9": map_cancel_reject,
    "D": map_request,
    "F": map_request,
    "G": map_request,
    "AB": map_request,
    "AC": map_request,
    "q": map_request,
    "s": map_cross,
    "S": map_quotes,
    "i": map_quotes,
    "AE": map_trade_capture,
    "W": map_market_data,
    "X": map_market_data,
    "f": map_phase,
    "h": map_phase,
}
REFERENCE_TYPES = frozenset({"c", "d", "x", "y"})
ASKING_TYPES = frozenset({"H", "R", "V", "AD", "e", "g", "AF"})


def map_message(message: Message, profile: Profile, session: str = "", receive_time_ns: int = 0) -> Mapped:
    """The event rows of a message (keys: columns of tapewatch.market.event) and a note on what was left unread.

    ``session`` is the source, ``FIX.4.4:SENDER->TARGET`` as the message itself says where not given. No message
    raises: one that cannot be an event gives [] and the reason.
    """
    mapper = MAPPERS.get(message.msg_type)
    if mapper is None:
        return [], _reason(message.msg_type)
    values = message.values
    source = session or source_name(message.begin_string, values.get(49, ""), values.get(56, ""))
    try:
        row = base_row(message, profile, source, receive_time_ns)
    except TimestampError as error:
        return [], f"35={message.msg_type} has no time: {error}"
    rows, note = mapper(message, profile, row)
    return (rows if message.raw.isascii() else [_readable(row) for row in rows]), note


def _reason(msg_type: str) -> str:
    if msg_type in ADMIN_TYPES:
        return f"35={msg_type} is of the session"
    if msg_type in REFERENCE_TYPES:
        return f"35={msg_type} is reference data, not an event"
    if msg_type in ASKING_TYPES:
        return f"35={msg_type} asks for something, not an event"
    return f"35={msg_type} has no mapping"


def _readable(row: Row) -> Row:
    return {column: readable(value) if isinstance(value, str) else value for column, value in row.items()}
