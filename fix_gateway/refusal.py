"""Why a connection was refused: one word to count by, one sentence for the log."""

from dataclasses import dataclass
from typing import Literal, get_args

from tapewatch.fix.session import SessionEvent

RefusalReason = Literal[
    "connections",
    "connections_an_address",
    "logon_rate",
    "address",
    "tls",
    "logon_timeout",
    "logon_bytes",
    "not_a_logon",
    "unknown_session",
    "certificate",
    "logged_on",
]
TEXT_CHARACTERS_MAX = 400
REFUSAL_REASONS: tuple[RefusalReason, ...] = get_args(RefusalReason)


@dataclass(frozen=True, slots=True)
class Refusal(SessionEvent):
    """An event of kind ``refused`` about a connection that is not, or not yet, one of a session."""

    reason: RefusalReason = "not_a_logon"


def refusal(reason: RefusalReason, host: str, text: str) -> Refusal:
    """The refusal of a connection from an address; what strangers wrote is escaped and cut."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    short = shown if len(shown) <= TEXT_CHARACTERS_MAX else f"{shown[:TEXT_CHARACTERS_MAX]}..."
    return Refusal("refused", f"connection from {host}: {short}", reason)
