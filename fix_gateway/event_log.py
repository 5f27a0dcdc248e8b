"""Every session event and refusal: counted always, logged while there are few of its kind."""

from collections import Counter

import structlog

from fix_gateway.figures import FigureBook
from fix_gateway.metrics import GatewayMetrics
from fix_gateway.refusal import Refusal
from tapewatch.fix.session import SessionEvent
from tapewatch.fix.transport import Clock
from tapewatch.runtime.redaction import without_fix_secrets

QUIET = frozenset({"logon", "logout", "resend"})
LOGGED_EACH_MAX = 50
LOGGED_EVERY = 1000

_log = structlog.get_logger(__name__)


class EventLog:
    """Of a flood of one kind (of one reason, for refusals) only every ``LOGGED_EVERY``-th is logged, with the count."""

    def __init__(self, metrics: GatewayMetrics, book: FigureBook, clock: Clock) -> None:
        self.refusals: Counter[str] = Counter()
        self._metrics = metrics
        self._book = book
        self._clock = clock

    def __call__(self, session_name: str, event: SessionEvent) -> None:
        """Takes an event of a session, ``?`` for a connection that is none's."""
        if isinstance(event, Refusal):
            self._metrics.refusals.labels(event.reason).inc()
            self.refusals[event.reason] += 1
            self._write(session_name, event, self.refusals[event.reason])
            return
        self._metrics.session_events.labels(session_name, event.kind).inc()
        if event.text.startswith("throttled"):
            self._metrics.throttled.labels(session_name).inc()
        self._write(session_name, event, self._book.happened(session_name, event, self._clock()))

    def _write(self, session_name: str, event: SessionEvent, count: int) -> None:
        if count <= LOGGED_EACH_MAX or count % LOGGED_EVERY == 0:
            log = _log.info if event.kind in QUIET else _log.warning
            text = without_fix_secrets(event.text)
            log("fix session", session=session_name, kind=event.kind, text=text, count=count)
