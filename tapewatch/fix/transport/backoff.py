"""How long an initiator waits before it connects again."""

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Delays that double from ``first_s`` to ``most_s``, each drawn between its half and its whole.

    The draw keeps clients that lost a venue together from coming back together. A connection logged on for
    ``settled_s`` ends the series: one that is thrown out at once goes on waiting longer.
    """

    first_s: float = 0.1
    most_s: float = 5.0
    settled_s: float = 1.0
    randomness: random.Random = field(default_factory=random.Random, repr=False)
    _delay_s: float = field(init=False, default=0.0)

    def ended(self, active_s: float) -> None:
        """A connection ended that was logged on so long, 0 for never."""
        if active_s >= self.settled_s:
            self._delay_s = 0.0

    def next_delay_s(self) -> float:
        """The delay before the next try."""
        self._delay_s = min(self._delay_s * 2, self.most_s) if self._delay_s else self.first_s
        return self._delay_s * self.randomness.uniform(0.5, 1.0)
