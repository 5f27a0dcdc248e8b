"""One picture of the facts: nine panels, the simulated market and recorded ones beside the published slopes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulator.stylised_facts.measures import Measured
from simulator.stylised_facts.statistics import Array

SIMULATED_COLOURS = ("#1f5a99", "#4b8ec8", "#7fb2dd", "#a9cbe8", "#2f7f86", "#63aab0", "#9ccacd")
RECORDED_COLOURS = ("#c8502d", "#7a7a7a", "#9a6fb0")
REFERENCE_STYLE: dict[str, Any] = {"color": "#222222", "linestyle": (0, (4, 3)), "linewidth": 1.0}
SIZE_INCHES = (14.0, 11.5)
DOTS_PER_INCH = 130
TAIL_POINTS = 250


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a curve by name, its axes, and a published slope through a point (x, y, slope, label)."""

    curve: str
    title: str
    x: str
    y: str
    x_scale: str = "log"
    y_scale: str = "log"
    reference: tuple[float, float, float, str] | None = None
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    ticks: tuple[float, ...] = ()


PANELS = (
    Panel("return size", "Returns have heavy tails", "|10 s return| / standard deviation", "share above",
          reference=(1.6, 0.11, -3.0, "slope -3"), x_range=(0.3, 15), y_range=(1e-4, 1.2)),
    Panel("kurtosis", "... and become normal over time", "seconds", "excess kurtosis", y_scale="symlog"),
    Panel("absolute returns", "Volatility clusters (solid), returns do not (dotted)", "lag, seconds", "autocorrelation",
          y_scale="linear", reference=(10, 0.25, -0.3, "lag$^{-0.3}$"), y_range=(-0.2, 0.5)),
    Panel("life", "Orders live from milliseconds to minutes", "seconds until cancelled", "share still there",
          x_range=(1e-3, 1e4), y_range=(1e-4, 1.2)),
    Panel("trade size", "Trade sizes have a power-law tail", "size / median size", "share above",
          reference=(4, 0.12, -1.4, "slope -1.4"), x_range=(0.1, 1e3), y_range=(1e-4, 1.2)),
    Panel("signs", "Buys follow buys for long", "lag, trades", "autocorrelation of signs",
          reference=(1, 0.35, -0.6, "lag$^{-0.6}$"), y_range=(0.004, 1)),
    Panel("bursts", "Trades come in bursts", "window, seconds", "variance / mean of counts",
          reference=(0.1, 1.0, 0.0, "Poisson process")),
    Panel("depth", "The book is deepest behind the best price", "distance from the best price, usual spreads",
          "mean depth / greatest", x_scale="linear", y_scale="linear"),
    Panel("impact", "Impact grows with the root of size", "parent order, typical orders", "impact, ticks",
          reference=(4, 0.35, 0.5, "size$^{0.5}$"), ticks=(4, 8, 16, 32, 64)),
)  # fmt: skip


def draw(
    path: Path,
    simulated: Mapping[str, Measured],
    recorded: Mapping[str, Measured],
    impact: tuple[Array, Array, Array],
    title: str,
) -> None:
    """Draw all panels into a PNG or SVG file, by its suffix; needs matplotlib (the extra `plots`)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots(3, 3)
    colours = {name: SIMULATED_COLOURS[place % len(SIMULATED_COLOURS)] for place, name in enumerate(simulated)}
    colours |= {name: RECORDED_COLOURS[place % len(RECORDED_COLOURS)] for place, name in enumerate(recorded)}
    for panel, axis in zip(PANELS, axes.flat, strict=True):
        for name, one in (*simulated.items(), *recorded.items()):
            _draw_curve(axis, panel, name, one, colours[name], is_simulated=name in simulated)
        if panel.curve == "impact":
            sizes, impacts, errors = impact
            axis.errorbar(sizes, impacts, 2 * errors, marker="o", color=SIMULATED_COLOURS[0], linewidth=1.6, capsize=3)
        _finish(axis, panel)
    known: dict[str, Any] = {}
    for axis in axes.flat:
        handles, labels = axis.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=8, frameon=False)
    figure.suptitle(title, fontsize=14)
    figure.savefig(path, dpi=DOTS_PER_INCH)


def _draw_curve(axis: Any, panel: Panel, name: str, measured: Measured, colour: str, *, is_simulated: bool) -> None:
    if panel.curve not in measured.curves:
        return
    x, y = _thinned(*measured.curves[panel.curve])
    if panel.curve == "depth":
        y = y / max(1e-12, float(np.max(y))) if len(y) else y
    known = np.isfinite(y) & ((y > 0) | (panel.y_scale != "log"))
    style: dict[str, Any] = {"color": colour, "linewidth": 1.3 if is_simulated else 1.7, "label": name}
    axis.plot(x[known], y[known], zorder=2 if is_simulated else 3, **style)
    if panel.curve == "absolute returns" and "returns" in measured.curves:
        lags, correlations = measured.curves["returns"]
        axis.plot(lags, correlations, linestyle=":", color=colour, linewidth=1.1)


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """Keep a drawable number of points, close together in the tail."""
    if len(x) <= TAIL_POINTS:
        return x, y
    places = len(x) - np.unique(np.geomspace(1, len(x), TAIL_POINTS).astype(int))
    return x[places[::-1]], y[places[::-1]]


def _finish(axis: Any, panel: Panel) -> None:
    axis.set_xscale(panel.x_scale)
    axis.set_yscale(panel.y_scale)
    axis.set_title(panel.title, fontsize=11, loc="left")
    axis.set_xlabel(panel.x, fontsize=9)
    axis.set_ylabel(panel.y, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(visible=True, which="major", color="#e3e3e3", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    if panel.ticks:
        axis.set_xticks(panel.ticks, labels=[f"{tick:g}" for tick in panel.ticks])
        axis.minorticks_off()
    if panel.x_range:
        axis.set_xlim(*panel.x_range)
    if panel.y_range:
        axis.set_ylim(*panel.y_range)
    if panel.reference:
        _draw_reference(axis, panel.reference)


def _draw_reference(axis: Any, reference: tuple[float, float, float, str]) -> None:
    x0, y0, slope, label = reference
    low, high = axis.get_xlim()
    bottom, top = axis.get_ylim()
    xs = np.geomspace(max(x0, low), high, 60)
    ys = y0 * (xs / x0) ** slope
    shown = (ys >= bottom) & (ys <= top)
    axis.plot(xs[shown], ys[shown], zorder=4, **REFERENCE_STYLE)
    if shown.any():
        axis.annotate(
            label, (xs[shown][-1], ys[shown][-1]), xytext=(-4, 5), textcoords="offset points", ha="right", fontsize=8
        )
