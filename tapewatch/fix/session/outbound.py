"""The outbound half of a session: numbers, stores and writes what we send, and sends again what was asked for."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from tapewatch.fix.codec import Field, encode, format_timestamp
from tapewatch.fix.session.resend import resend, split_head
from tapewatch.fix.session_config import SessionConfig
from tapewatch.fix.store import SessionStore

RESEND_BATCH = 500
RESENDS_WAITING_MAX = 4
OLD_VERSIONS = frozenset({"FIX.4.0", "FIX.4.1"})


class Outbound:
    """Writes messages at the time ``now_ns``; ``sent_ns`` is when the last one was written."""

    def __init__(self, config: SessionConfig, store: SessionStore) -> None:
        self.now_ns = self.sent_ns = 0
        self._config = config
        self._store = store
        self._resends: deque[Iterator[bytes]] = deque(maxlen=RESENDS_WAITING_MAX)

    @property
    def is_resending(self) -> bool:
        """Whether ``pull`` has more."""
        return bool(self._resends)

    def forget_resends(self) -> None:
        """Stops sending again."""
        self._resends.clear()

    def business(self, msg_type: str, fields: Iterable[Field]) -> tuple[int, bytes]:
        """Numbers, writes and keeps a business message; fields of the header come first, in any order."""
        more, body = split_head(list(fields))
        sequence = self._store.next_outbound
        data = encode(self._config.begin_string, [*self.head(msg_type, sequence, more), *body])
        self._store.add_outbound(sequence, data)
        self.sent_ns = self.now_ns
        return sequence, data

    def administrative(self, msg_type: str, fields: Iterable[Field], routing: Iterable[Field] = ()) -> bytes:
        """Numbers and writes an administrative message, which is never sent again; ``routing`` goes into the header."""
        sequence = self._store.next_outbound
        data = encode(self._config.begin_string, [*self.head(msg_type, sequence, routing), *fields])
        self._store.add_outbound(sequence, b"")
        self.sent_ns = self.now_ns
        return data

    def head(self, msg_type: str, sequence: int, more: Iterable[Field] = ()) -> list[Field]:
        """The header from 35 on: the type, then the rest by their numbers."""
        digits = 0 if self._config.begin_string in OLD_VERSIONS else self._config.timestamp_digits
        rest: list[Field] = [
            (34, sequence),
            (49, self._config.sender),
            (52, format_timestamp(self.now_ns, digits)),
            (56, self._config.target),
        ]
        return [(35, msg_type), *(sorted([*rest, *more], key=_tag) if more else rest)]

    def start_resend(self, first: int, last: int) -> bool:
        """Begins to send first..last again; False where there is nothing to send or too many such requests wait."""
        if first > last or len(self._resends) == RESENDS_WAITING_MAX:
            return False
        self._resends.append(resend(self._store, first, last, self._config.begin_string, self.head))
        return True

    def pull(self) -> bytes:
        """The next batch of what is sent again."""
        if not self._resends:
            return b""
        batch = list(islice(self._resends[0], RESEND_BATCH))
        self.sent_ns = self.now_ns
        if len(batch) < RESEND_BATCH:
            self._resends.popleft()
        return b"".join(batch)


def _tag(field: Field) -> int:
    return field[0]
