"""What the gateway counts, by session."""

from prometheus_client import CollectorRegistry, Counter, Gauge


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
        self.lag_seconds = Gauge(
            "tapewatch_fix_lag_seconds", "Receive minus event time of the last event", ["source"], registry=registry
        )
