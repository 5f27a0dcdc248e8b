"""What ingest shows to Prometheus, read from the ledger and the journal when asked."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest_service.intake import Intake


class IngestCollector(Collector):
    """Rows by what became of them (over all sources: their number has no small bound), and the journal's extent."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        journal = self._intake.journal
        sources = list(self._intake.state.ledger.sources.values())
        rows = CounterMetricFamily("tapewatch_ingest_rows", "Rows by what became of them.", labels=["outcome"])
        rows.add_metric(["journalled"], sum(books.journalled for books in sources))
        rows.add_metric(["rejected"], sum(books.rejected for books in sources))
        rows.add_metric(["duplicate"], sum(books.duplicate for books in sources))
        yield rows
        yield GaugeMetricFamily("tapewatch_ingest_sources", "Sources known.", value=len(sources))
        yield GaugeMetricFamily(
            "tapewatch_ingest_durable_sequence", "All positions below are durable.", value=journal.durable_sequence
        )
        yield GaugeMetricFamily(
            "tapewatch_ingest_pending_bytes", "Bytes waiting for the disk.", value=journal.pending_bytes
        )
        yield GaugeMetricFamily(
            "tapewatch_ingest_journal_bytes", "Bytes of the journal on disk.", value=journal.extent.size_bytes
        )
