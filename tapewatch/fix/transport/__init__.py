"""FIX sessions over asyncio: a thin shell around the sans-IO session, for initiators and acceptors alike."""

from tapewatch.fix.transport.application import (
    Application,
    Clock,
    EventSink,
    HandOnError,
    IgnoringApplication,
    NoRecorder,
    Recorder,
    Reply,
)
from tapewatch.fix.transport.backoff import Backoff
from tapewatch.fix.transport.connection import SessionConnection
from tapewatch.fix.transport.initiator import ClientTls, InitiatorSession, open_session
from tapewatch.fix.transport.one_by_one import MessageApplication, UnsupportedMessageError, as_application

__all__ = [
    "Application",
    "Backoff",
    "ClientTls",
    "Clock",
    "EventSink",
    "HandOnError",
    "IgnoringApplication",
    "InitiatorSession",
    "MessageApplication",
    "NoRecorder",
    "Recorder",
    "Reply",
    "SessionConnection",
    "UnsupportedMessageError",
    "as_application",
    "open_session",
]
