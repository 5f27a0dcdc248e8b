"""A little SVG: elements as text, and axes that turn values into places. Colours come from the page's style sheet."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import log10


def element(name: str, content: str = "", **attributes: object) -> str:
    """An element; attributes with `_` for `-` (and `class_` for class), their values escaped; content as it is."""
    pairs = " ".join(
        f'{key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"' for key, value in attributes.items()
    )
    return f"<{name} {pairs}>{content}</{name}>" if content else f"<{name} {pairs}/>"


def _text(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def words(text: str, x: float, y: float, anchor: str = "start", class_: str = "label") -> str:
    """Text at a place."""
    return element("text", escape(text), x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def dot(x: float, y: float, class_: str, told: str, radius: float = 5) -> str:
    """A point that tells its value when pointed at."""
    return element("circle", element("title", escape(told)), cx=x, cy=y, r=radius, class_=class_)


def diamond(x: float, y: float, class_: str, told: str, radius: float = 5.5) -> str:
    """A diamond that tells its value when pointed at: another shape, so that colour alone does not tell them apart."""
    points = f"{x:.1f},{y - radius:.1f} {x + radius:.1f},{y:.1f} {x:.1f},{y + radius:.1f} {x - radius:.1f},{y:.1f}"
    return element("polygon", element("title", escape(told)), points=points, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str) -> str:
    """A line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)


def drawing(width: float, height: float, parts: Iterable[str], title: str) -> str:
    """A whole drawing that grows and shrinks with the page; `title` is what a screen reader says."""
    return element(
        "svg", element("title", escape(title)) + "".join(parts), viewBox=f"0 0 {width:g} {height:g}", width="100%",
        style=f"max-width:{width:g}px", role="img", xmlns="http://www.w3.org/2000/svg",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high` at places from `start` to `end`; values beyond lie at its ends."""

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value lies."""
        kept = min(max(value, self.low), self.high)
        share = (self._scaled(kept) - self._scaled(self.low)) / (self._scaled(self.high) - self._scaled(self.low))
        return self.start + share * (self.end - self.start)

    def _scaled(self, value: float) -> float:
        return log10(value) if self.is_logarithmic else value
