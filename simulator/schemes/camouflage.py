"""How a schemer hides: six axes from 0 (not at all) to 1 (as far as it can without giving the scheme up)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

SIGMA_HIDDEN = 1.2
"""Standard deviation of the logarithm of waits at full camouflage of timing: as irregular as people are."""
LEG_FACTOR = 8.0
"""At full camouflage of timing, what was simultaneous lies this many times further apart."""
SLOW_FACTOR = 8.0
"""At full camouflage, what was withdrawn at once stays this many times longer."""
SLOW_SECONDS_MAX = 120.0
"""And never longer than that: whoever waits for minutes has given the scheme up."""
LAYERS_KEPT_SHARE = 0.4
"""At full camouflage of layers, this share of the repetitions is left."""


@dataclass(frozen=True, slots=True)
class Camouflage:
    """How much is done to look ordinary, an axis each from 0 to 1; raises ValueError outside that.

    `size`: quantities move, in equal ratios, from the scheme's to draws from the ordinary distribution.
    `timing`: waits are drawn ever wider, and what was simultaneous lies apart.
    `split`: the work is spread over the accounts of one owner instead of one.
    `layers`: fewer layers, rounds, trades or baits, down to what the description still needs.
    `slow`: what gives the scheme away by its haste (cancels, turns, exits) waits longer.
    `mixed`: the same accounts trade honestly in between.
    """

    size: float = 0.0
    timing: float = 0.0
    split: float = 0.0
    layers: float = 0.0
    slow: float = 0.0
    mixed: float = 0.0

    def __post_init__(self) -> None:
        """Check the range of every axis."""
        for axis, value in self.values().items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"camouflage: expected {axis} from 0 (none) to 1 (full), found {value:g}")

    def values(self) -> dict[str, float]:
        """Return the axes by name, as labels write them."""
        return asdict(self)

    def only(self, axes: Iterable[str]) -> "Camouflage":
        """Return the camouflage of these axes alone: the others make no sense for a scheme."""
        values = self.values()
        return Camouflage(**{axis: values[axis] for axis in axes})

    @staticmethod
    def of(values: Mapping[str, float]) -> "Camouflage":
        """Return the camouflage of some axes; raises ValueError for a name that is no axis."""
        for name in values:
            if name not in AXES:
                raise ValueError(f"camouflage: expected one of {', '.join(AXES)}, found {name!r}")
        return Camouflage(**values)

    @staticmethod
    def parse(text: str) -> "Camouflage":
        """Read `size,timing=0.5,split`: an axis without a value is full; `all` or `all=0.5` means every axis.

        Raises ValueError for an axis or a number that is none.
        """
        values: dict[str, float] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, _, number = part.partition("=")
            try:
                value = float(number) if number else 1.0
            except ValueError:
                raise ValueError(f"camouflage: expected a number from 0 to 1 for {name}, found {number!r}") from None
            values.update(dict.fromkeys(AXES, value) if name == ALL else {name: value})
        return Camouflage.of(values)


AXES = tuple(axis.name for axis in fields(Camouflage))
ALL = "all"
NONE = Camouflage()
