"""Notices sources that have fallen silent, by ingest's clock, and journals that as idle marks."""

from __future__ import annotations

from collections.abc import Callable

from ingest_service.intake import Intake


class SilenceWatch:
    """Marks each source once a silence. Ended sources and those never journalled are not marked.

    A silence begins at the last row, or where ingest itself was away, when it came back.
    """

    def __init__(self, intake: Intake, idle_ns: int, clock: Callable[[], int]) -> None:
        self._intake = intake
        self._idle_ns = idle_ns
        self._clock = clock
        self._listening_since_ns = clock()

    def look(self) -> list[str]:
        """Journals an idle mark for each source silent for `idle_ns` or longer; their names."""
        now_ns = self._clock()
        silent = [
            books
            for books in self._intake.state.ledger.sources.values()
            if books.journalled
            and not books.ended
            and not books.idle
            and now_ns - max(books.last_received_time_ns, self._listening_since_ns) >= self._idle_ns
        ]
        for books in silent:
            self._intake.mark(
                {
                    "mark": "idle",
                    "source": books.source,
                    "venues": sorted(books.venues),
                    "time_ns": now_ns,
                    "last_event_time_ns": books.last_event_time_ns,
                }
            )
        return [books.source for books in silent]
