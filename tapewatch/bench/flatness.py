"""Whether the cost of an event depends on how much is alive, how dense the market is and how long it has gone on."""

from collections.abc import Sequence
from dataclasses import dataclass

from tapewatch.bench.figure import Figure, Samples, figure_of
from tapewatch.bench.mix import Mix
from tapewatch.bench.warm import Stretch, WarmEngine
from tapewatch.cli.detection_run import few_collections

PART = "engine"
TABLE = "Cost an event, over that of the first column of a row"
RATIO_MAX = 2.0
ROUNDS = 5
HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; the fields of tests are small."""

    live: tuple[int, ...] = (100_000, 500_000, 1_000_000, 5_000_000)
    density: tuple[float, ...] = (1.0, 10.0, 50.0)
    history_hours: tuple[float, ...] = (1.0, 6.0, 24.0)
    ordinary_live: int = 100_000
    ordinary_events_per_s: float = 1_000.0
    """Of density 1."""
    settling_events: int = 200_000
    density_events: int = 600_000
    """Before the measured part, at each density."""
    history_events: int = 300_000
    """Spread over the history."""
    round_events: int = 49_152


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    mix: Mix
    before: tuple[Stretch, ...]
    usual: Stretch


def figures(sizes: Sizes = Sizes()) -> list[Figure]:
    """A figure a column of each row, rows one after another, the columns of a row turn by turn."""
    with few_collections():
        return [figure for columns in (_live(sizes), _density(sizes), _history(sizes)) for figure in _row(columns)]


def _live(sizes: Sizes) -> list[_Column]:
    settling, usual = (Stretch(sizes.settling_events),), Stretch(sizes.round_events)
    return [_Column(f"{live:,} live orders", Mix(live=live), settling, usual) for live in sizes.live]


def _density(sizes: Sizes) -> list[_Column]:
    columns = []
    for times in sizes.density:
        rate = sizes.ordinary_events_per_s * times
        before, usual = Stretch(sizes.density_events, rate), Stretch(sizes.round_events, rate)
        name = f"density {times:g}x ({rate:,.0f} events/s of event time)"
        columns.append(_Column(name, Mix(live=sizes.ordinary_live), (before,), usual))
    return columns


def _history(sizes: Sizes) -> list[_Column]:
    columns = []
    for hours in sizes.history_hours:
        before = Stretch(sizes.history_events, sizes.history_events / (hours * HOUR_S)), Stretch(sizes.settling_events)
        mix = Mix(live=sizes.ordinary_live)
        columns.append(_Column(f"history {hours:g} h", mix, before, Stretch(sizes.round_events)))
    return columns


def _row(columns: Sequence[_Column]) -> list[Figure]:
    """ROUNDS rounds over engines that stand side by side: a ratio is of two costs of one round."""
    engines = [WarmEngine(column.mix, column.before, column.usual) for column in columns]
    costs: list[list[float]] = [[] for _ in columns]
    for _ in range(ROUNDS):
        for engine, found in zip(engines, costs, strict=True):
            found.append(engine.cost_ns(engine.frames())[0])
    found_figures = []
    for column, found in zip(columns, costs, strict=True):
        ratios = Samples(tuple(cost / first for cost, first in zip(found, costs[0], strict=True)))
        details = {"ns/event": Samples(tuple(found)).median}
        limit = None if found is costs[0] else RATIO_MAX
        found_figures.append(
            figure_of(
                PART, column.name, ratios, "times", target=limit, lower_is_better=True, table=TABLE, details=details
            )
        )
    return found_figures
