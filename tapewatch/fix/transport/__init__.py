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

__all__ = [
    "Application",
    "Backoff",
    "ClientTls",
    "Clock",
    "EventSink",
    "HandOnError",
    "IgnoringApplication",
    "InitiatorSession",
    "NoRecorder",
    "Recorder",
    "Reply",
    "SessionConnection",
    "open_session",
]
