"""What the gateway counts, by session."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class GatewayMetrics:
    """The gateway's metrics in a registry; ``source`` is ``FIX.4.4:THEM->US``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "tapewatch_fix_messages", "Business messages received in sequence", ["source", "type"], registry=registry
        )
        self.events = Counter("tapewatch_fix_events", "Events durable at ingest", ["source"], registry=registry)
        self.duplicates = Counter(
            "tapewatch_fix_duplicates", "Events that ingest had already", ["source"], registry=registry
        )
        self.rejected = Counter(
            "tapewatch_fix_rejected", "Events that ingest quarantined", ["source"], registry=registry
        )
        self.unmapped = Counter("tapewatch_fix_unmapped", "Messages that gave no event", ["source"], registry=registry)
        self.flagged = Counter(
            "tapewatch_fix_flagged", "Messages mapped with something left unread", ["source"], registry=registry
        )
        self.session_events = Counter(
            "tapewatch_fix_session_events", "Logons, gaps, resends, garbled...", ["source", "kind"], registry=registry
        )
        self.lag_seconds = Gauge(
            "tapewatch_fix_lag_seconds",
            "Receive time minus event time of the last event",
            ["source"],
            registry=registry,
        )
