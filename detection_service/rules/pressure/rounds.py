"""Walls of orders: withdrawn orders of one side that came together, stood together and went together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detection_service.engine.scene import Withdrawal


@dataclass(frozen=True, slots=True)
class Round:
    """One wall from its coming to its going; `layers` by the time they went, every one once."""

    layers: tuple[Withdrawal, ...]

    @property
    def end_ns(self) -> int:
        """When the last layer went."""
        return self.layers[-1].time_ns

    @property
    def standing_ns(self) -> int:
        """From when on all layers stood."""
        return max(layer.entry_time_ns for layer in self.layers)

    @property
    def quantity(self) -> float:
        """All that was withdrawn."""
        return sum(layer.quantity for layer in self.layers)

    @property
    def prices(self) -> int:
        """At how many prices."""
        return len({layer.price for layer in self.layers})

    @property
    def depth_share(self) -> float:
        """What the layers were of their side's best ten levels, each at its entry; 1 at most."""
        return min(1.0, sum(layer.depth_share for layer in self.layers))


def rounds_of(withdrawals: Iterable[Withdrawal], enter_span_ns: int, withdraw_span_ns: int) -> list[Round]:
    """The walls among withdrawals of one side, oldest first.

    Of an order that was moved and then withdrawn only its end counts. Orders belong together that went within one
    span, were entered within another and all stood at one time.
    """
    last = {layer.order_id or layer.event_id: layer for layer in withdrawals}
    ordered = sorted(last.values(), key=lambda layer: (layer.time_ns, layer.event))
    return [Round(tuple(layers)) for layers in _gathered(ordered, enter_span_ns, withdraw_span_ns)]


def _gathered(ordered: list[Withdrawal], enter_span_ns: int, withdraw_span_ns: int) -> Iterator[list[Withdrawal]]:
    """Cuts withdrawals into groups; the group in hand ends with the first that does not belong to it."""
    group: list[Withdrawal] = []
    first_ns = last_ns = 0  # entries of the group in hand
    for layer in ordered:
        entered = layer.entry_time_ns
        fits = not group or (
            layer.time_ns - group[0].time_ns <= withdraw_span_ns
            and max(last_ns, entered) - min(first_ns, entered) <= enter_span_ns
            and max(last_ns, entered) <= group[0].time_ns
        )
        if not fits:
            yield group
            group = []
        first_ns, last_ns = (min(first_ns, entered), max(last_ns, entered)) if group else (entered, entered)
        group.append(layer)
    if group:
        yield group
