"""What a detector said: an alert of a rule, or what a naive rule flagged, told alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tapewatch.alert import Alert


@dataclass(frozen=True, slots=True)
class Sighting:
    """One claim of a detector about somebody, somewhere, over a time; texts empty and sets empty where not said.

    `raised_time_ns` is the event time at which it was first told.
    """

    detector: str
    typology: str
    start_time_ns: int
    end_time_ns: int
    raised_time_ns: int
    venue: str = ""
    instrument: str = ""
    accounts: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    order_ids: frozenset[str] = frozenset()
    trade_ids: frozenset[str] = frozenset()
    explanation: str = ""

    @classmethod
    def of_alert(cls, alert: Alert, raised_ns: Mapping[str, int] | None = None) -> Self:
        """An alert as a sighting; first told at the time `raised_ns` has for its id, else when it ended."""
        return cls(
            detector=alert.rule_id,
            typology=alert.typology,
            start_time_ns=alert.start_time_ns,
            end_time_ns=alert.end_time_ns,
            raised_time_ns=(raised_ns or {}).get(alert.alert_id, alert.end_time_ns),
            venue=alert.venue,
            instrument=alert.instrument,
            accounts=frozenset(alert.accounts),
            owners=frozenset(alert.owners),
            order_ids=frozenset(alert.order_ids),
            trade_ids=frozenset(alert.trade_ids),
            explanation=alert.explanation,
        )

    @property
    def names_somebody(self) -> bool:
        """Whether it is about somebody, not about a market."""
        return bool(self.accounts or self.owners)
