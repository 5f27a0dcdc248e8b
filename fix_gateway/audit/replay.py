"""What a log's bytes mean, once more: the same session logic over the same bytes at the same times."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fix_gateway.audit.block import Entry, EntryKind
from tapewatch.fix.codec import Message
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.store import MemoryStore

HELD_BYTES_MAX = 2 << 20
ATTEMPTS_MAX = 1 << 30
_TRAILER = re.compile(rb"\x0110=[0-9]{3}\x01")
_STARRED = re.compile(rb"\x01(?:554|925|96)=\*+\x01")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A message that was in its turn, and when its bytes came."""

    message: Message
    time_ns: int


def replayed(entries: Iterable[Entry], config: SessionConfig) -> Iterator[Replayed]:
    """The messages handed on to the application, in order; those sent again after a break come again.

    Raises ValueError for a log that does not begin with a connection's note.
    """
    lenient = replace(config, password="", sending_time_tolerance_s=0, resend_attempts_max=ATTEMPTS_MAX)
    session: Session | None = None
    mender = _Mender()
    for entry in entries:
        if entry.kind is EntryKind.NOTE:
            note = json.loads(entry.data)
            if note["what"] == "connected":
                session, mender = _begun(lenient, note, entry.time_ns), _Mender()
        elif entry.kind is EntryKind.RECEIVED and session is not None:
            output = session.receive(mender.feed(entry.data), entry.time_ns)
            for message in output.messages:
                yield Replayed(message, entry.time_ns)
                session.confirm(message)
            if output.disconnect:
                session = None


def _begun(config: SessionConfig, note: dict[str, Any], time_ns: int) -> Session:
    store = MemoryStore(messages_kept_max=1)
    store.epoch, store.next_inbound = note["epoch"], note["next_inbound"]
    store.next_outbound = note["next_outbound"]
    session = Session(config, store)
    session.connected(time_ns)
    return session


class _Mender:
    """Makes the checksums right of messages whose secrets were starred; holds what is not a whole message."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = self._held + data
        end = max((found.end() for found in _TRAILER.finditer(data, max(0, data.rfind(b"\x0110=")))), default=0)
        if not end and len(data) > HELD_BYTES_MAX:
            end = len(data)
        self._held = data[end:]
        whole = data[:end]
        return whole if _STARRED.search(whole) is None else b"".join(map(_mended, _messages(whole)))


def _messages(data: bytes) -> Iterator[bytes]:
    at = 0
    for trailer in _TRAILER.finditer(data):
        yield data[at : trailer.end()]
        at = trailer.end()
    yield data[at:]


def _mended(message: bytes) -> bytes:
    trailer = _TRAILER.search(message)
    if trailer is None or _STARRED.search(message) is None:
        return message
    body = message[: trailer.start() + 1]
    return body + b"10=%03d\x01" % (sum(body) % 256)
