"""What a session demands of the envelope and of the Logon before it looks at anything else."""

import hmac

from tapewatch.fix.codec import Message, TimestampError, parse_timestamp_ns
from tapewatch.fix.dictionary import Problem
from tapewatch.fix.session_config import SECOND_NS, SessionConfig

SENDING_TIME_ACCURACY = 10
"""SessionRejectReason after which the session ends."""


class FatalError(Exception):
    """The connection must end; the text goes out in a Logout where the peer logged on."""


def check_envelope(config: SessionConfig, message: Message) -> None:
    """Raises FatalError for another BeginString or a message without MsgSeqNum."""
    if message.begin_string != config.begin_string:
        raise FatalError(f"incorrect BeginString: expected {config.begin_string}, found {message.begin_string}")
    if message.sequence is None or message.sequence < 1:
        raise FatalError("required tag missing: MsgSeqNum (34)")


def time_problem(config: SessionConfig, message: Message, now_ns: int) -> Problem | None:
    """What is wrong with SendingTime (52): absent, unreadable, or too far from our clock."""
    sent = message.get(52)
    if sent is None:
        return Problem(1, 52, "required tag missing: SendingTime (52)")
    try:
        skew_ns = abs(now_ns - parse_timestamp_ns(sent))
    except TimestampError as error:
        return Problem(6, 52, str(error))
    if config.sending_time_tolerance_s and skew_ns > config.sending_time_tolerance_s * SECOND_NS:
        return Problem(SENDING_TIME_ACCURACY, 52, f"SendingTime accuracy: {skew_ns // SECOND_NS} s from our clock")
    return None


def duplicate_problem(message: Message) -> Problem | None:
    """What is wrong with the OrigSendingTime (122) of a possible duplicate: absent, unreadable, after SendingTime."""
    first_sent = message.get(122)
    if first_sent is None:
        return Problem(1, 122, "required tag missing: OrigSendingTime (122)")
    try:
        is_later = parse_timestamp_ns(first_sent) > parse_timestamp_ns(message.values[52])
    except TimestampError as error:
        return Problem(6, 122, str(error))
    if is_later:
        return Problem(SENDING_TIME_ACCURACY, 122, "SendingTime accuracy: OrigSendingTime after SendingTime")
    return None


def check_logon(config: SessionConfig, message: Message, is_reset: bool) -> None:
    """Raises FatalError for a Logon we cannot take: heartbeat, encryption, version, reset number, credentials."""
    heartbeat = message.integer(108)
    if heartbeat is None or heartbeat < 0:
        raise FatalError(f"HeartBtInt (108): expected 0 or more, found {message.get(108)}")
    if message.get(98) not in (None, "0"):
        raise FatalError(f"EncryptMethod (98): expected 0, found {message.get(98)}")
    if config.is_transport_only and not message.get(1137):
        raise FatalError("required tag missing: DefaultApplVerID (1137)")
    if is_reset and message.get(141) == "Y" and message.sequence != 1:
        raise FatalError(f"ResetSeqNumFlag (141): expected MsgSeqNum 1, found {message.sequence}")
    if config.role == "acceptor" and config.password:
        stated = f"{message.get(553) or ''}\x01{message.get(554) or ''}".encode("latin-1")
        wanted = f"{config.username}\x01{config.password}".encode()
        if not hmac.compare_digest(stated, wanted):
            raise FatalError("username or password refused")
