"""Why an alert no longer stands, in a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from detection_service.corrections.amendments import Change
from surveillance.v1 import alert_pb2

CHANGES_NAMED_MAX: Final = 3


class Reasons:
    """What a run changed: executions, and how many late events each market (venue, instrument) had."""

    def __init__(self, changes: Sequence[Change], late_by_market: Mapping[tuple[str, str], int]) -> None:
        self._changes = changes
        self._late = late_by_market

    def of(self, alert: alert_pb2.Alert) -> str:
        """What changed of the alert's own evidence, else of its market, else elsewhere."""
        evidence, trades = set(alert.evidence_event_ids), {f"trade {each}" for each in alert.trade_ids}
        market = alert.venue, alert.instrument
        here = [each for each in self._changes if (each.venue, each.instrument) == market]
        own = [each for each in here if each.event_id in evidence or each.label in trades]
        late = self._late.get(market, 0)
        if own:
            return _named(own)
        parts = [_named(here)] if here else []
        if late:
            parts.append(f"{late} late event{'s were' if late > 1 else ' was'} put in place")
        return " and ".join(parts) or "events of other markets that it rested on were corrected"


def _named(changes: Sequence[Change]) -> str:
    sentences = list(dict.fromkeys(each.sentence for each in changes))
    named = sentences[:CHANGES_NAMED_MAX]
    if len(sentences) > len(named):
        named.append(f"{len(sentences) - len(named)} more executions were changed")
    return ", ".join(named)
