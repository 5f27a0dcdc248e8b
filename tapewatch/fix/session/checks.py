"""What a session demands of the envelope and of the Logon before it looks at anything else."""

import hmac

from tapewatch.fix.codec import Message, TimestampError, parse_timestamp_ns
from tapewatch.fix.dictionary import Problem, Reason
from tapewatch.fix.session_config import SECOND_NS, SessionConfig


class FatalError(Exception):
    """The connection must end; the text goes out in a Logout where the peer logged on or tries to."""


class SilentError(FatalError):
    """The connection must end without a word to the peer."""


def sending_time_problem(message: Message) -> str:
    """What keeps SendingTime (52) from being compared with our clock; empty where it can be."""
    sent = message.get(52)
    if sent is None:
        return "no SendingTime (52)"
    try:
        parse_timestamp_ns(sent)
    except TimestampError as error:
        return f"SendingTime (52): {error}"
    return ""


def envelope_problem(config: SessionConfig, message: Message, now_ns: int) -> Problem | None:
    """Whether the time is too far from our clock or the CompIDs are not this session's."""
    sent = message.get(52)
    if sent is not None and config.sending_time_tolerance_s and not sending_time_problem(message):
        skew_ns = abs(now_ns - parse_timestamp_ns(sent))
        if skew_ns > config.sending_time_tolerance_s * SECOND_NS:
            return Problem(Reason.SENDING_TIME)
    if message.get(49) != config.target or message.get(56) != config.sender:
        return Problem(Reason.COMP_ID)
    return None


def duplicate_problem(message: Message) -> Problem | None:
    """What is wrong with the OrigSendingTime (122) of a possible duplicate: absent, unreadable, after SendingTime."""
    first_sent = message.get(122)
    if message.msg_type == "4":
        return None
    if first_sent is None:
        return Problem(Reason.REQUIRED_MISSING, 122)
    try:
        is_later = parse_timestamp_ns(first_sent) > parse_timestamp_ns(message.values.get(52, ""))
    except TimestampError:
        return Problem(Reason.WRONG_FORMAT, 122)
    return Problem(Reason.SENDING_TIME) if is_later else None


def check_logon(config: SessionConfig, message: Message) -> None:
    """Raises FatalError for a Logon we cannot take: heartbeat, encryption, version, numbers, credentials."""
    heartbeat = message.integer(108)
    if heartbeat is None:
        raise FatalError(f"HeartBtInt (108): expected 0 or more, found {message.get(108)}")
    if heartbeat < 0:
        raise FatalError("HeartBtInt must not be negative")
    if message.get(98) not in (None, "0"):
        raise FatalError(f"EncryptMethod (98): expected 0, found {message.get(98)}")
    if config.is_transport_only and not message.get(1137):
        raise FatalError("required tag missing: DefaultApplVerID (1137)")
    if message.get(141) == "Y" and message.sequence != 1:
        raise FatalError(f"ResetSeqNumFlag (141): expected MsgSeqNum 1, found {message.sequence}")
    _check_credentials(config, message)


def next_expected_number(message: Message, next_outbound: int) -> int:
    """The number of ours the peer expects next (789 of its Logon), by default the next one.

    Raises FatalError where it expects what we never sent.
    """
    wanted = message.integer(789)
    if wanted is None:
        return next_outbound
    if wanted > next_outbound:
        found = f"expecting at most {next_outbound} but received {wanted}"
        raise FatalError(f"NextExpectedMsgSeqNum (789) too high, {found}")
    return max(wanted, 1)


def _check_credentials(config: SessionConfig, message: Message) -> None:
    if config.role != "acceptor" or not config.password:
        return
    stated = f"{message.get(553) or ''}\x01{message.get(554) or ''}".encode("latin-1")
    wanted = f"{config.username}\x01{config.password}".encode()
    if not hmac.compare_digest(stated, wanted):
        raise FatalError("username or password refused")
