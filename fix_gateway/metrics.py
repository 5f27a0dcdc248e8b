"""What the gateway counts, by session."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fix_gateway.figures import FigureBook
from fix_gateway.seat import Seat
from tapewatch.fix.session import State

NANOSECONDS_A_SECOND = 1_000_000_000


class GatewayMetrics:
    """The gateway's metrics in a registry; ``source`` is ``FIX.4.4:THEM->US``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"tapewatch_fix_{name}", text, ["source", *labels], registry=registry)

        self.messages = counter("messages", "Business messages received in sequence", "type")
        self.events = counter("events", "Events durable at ingest")
        self.duplicates = counter("duplicates", "Events that ingest had already")
        self.rejected = counter("rejected", "Events that ingest quarantined")
        self.unmapped = counter("unmapped", "Messages that gave no event")
        self.flagged = counter("flagged", "Messages mapped with something left unread")
        self.session_events = counter("session_events", "Logons, gaps, resends, garbled...", "kind")
        self.throttled = counter("throttled", "Times reading waited because the peer sends too fast")
        self.lag_seconds = Gauge(
            "tapewatch_fix_lag_seconds", "Receive minus event time of the last event", ["source"], registry=registry
        )
        self.refusals = Counter(
            "tapewatch_fix_refusals", "Connections turned away, by reason", ["reason"], registry=registry
        )


class SessionCollector(Collector):
    """The sessions' states and numbers, read when they are asked for."""

    def __init__(self, seats: Iterable[Seat], book: FigureBook, connections: Callable[[], int]) -> None:
        self._seats = list(seats)
        self._book = book
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """The gauges as they are now."""
        for name, text, value in _GAUGES:
            family = GaugeMetricFamily(f"tapewatch_fix_{name}", text, labels=["source"])
            for seat in self._seats:
                found = value(seat, self._book)
                if found is not None:
                    family.add_metric([seat.name], found)
            yield family
        yield GaugeMetricFamily("tapewatch_fix_connections", "Connections, logged on or not", self._connections())


def _active(seat: Seat, book: FigureBook) -> float:
    return float(seat.session.state is State.ACTIVE)


def _waiting(seat: Seat, book: FigureBook) -> float:
    return float(seat.connection.waiting_count if seat.connection is not None else 0)


def _missing(seat: Seat, book: FigureBook) -> float:
    return float(max(0, seat.session.expected - seat.session.store.next_inbound))


def _skew(seat: Seat, book: FigureBook) -> float | None:
    skew_ns = book.of(seat.name).skew_ns
    return None if skew_ns is None else skew_ns / NANOSECONDS_A_SECOND


_GAUGES: tuple[tuple[str, str, Callable[[Seat, FigureBook], float | None]], ...] = (
    ("active", "Whether the session is logged on", _active),
    ("next_inbound", "Every number below is durable", lambda seat, _: float(seat.session.store.next_inbound)),
    ("next_outbound", "Number of the next message sent", lambda seat, _: float(seat.session.store.next_outbound)),
    ("unconfirmed", "Numbers received and not yet durable", _missing),
    ("waiting", "Messages read and not yet handed on", _waiting),
    ("clock_skew_seconds", "Our clock less SendingTime of the last message", _skew),
)
