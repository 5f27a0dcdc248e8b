"""Facts of several markets beside what is published, as rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from simulator.stylised_facts.measures import Measured
from simulator.stylised_facts.published import FACTS, Fact

UNCHECKED_MARK = "*"


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact: the simulated median, least and greatest over instruments; the recorded values by column."""

    fact: Fact
    simulated: float
    simulated_least: float
    simulated_greatest: float
    recorded: dict[str, float]

    @property
    def holds(self) -> bool | None:
        """Whether the simulated median is in the published range; None where it could not be measured."""
        return self.fact.holds(self.simulated)


def compare(
    simulated: Sequence[Measured], recorded: Mapping[str, Measured], impact_exponent: float = float("nan")
) -> list[FactRow]:
    """Return a row for every published fact; what a recording can not tell is NaN."""
    rows = []
    for fact in FACTS:
        values = [one.facts.get(fact.name, float("nan")) for one in simulated]
        if fact.name == "impact_exponent":
            values = [impact_exponent]
        known = sorted(value for value in values if value == value)
        middle = median(known) if known else float("nan")
        others = {name: one.facts.get(fact.name, float("nan")) for name, one in recorded.items()}
        rows.append(FactRow(fact, middle, *((known[0], known[-1]) if known else (middle, middle)), others))
    return rows


def number_text(value: float) -> str:
    """Return a measured value in three digits, "-" where there is none."""
    return "-" if value != value else f"{value:.3g}"


def table_rows(rows: Sequence[FactRow]) -> list[list[str]]:
    """Return the cells: fact, simulated, range over instruments, recorded ones, published, holds, source."""
    return [
        [
            row.fact.label,
            number_text(row.simulated),
            f"{number_text(row.simulated_least)} .. {number_text(row.simulated_greatest)}",
            *(number_text(value) for value in row.recorded.values()),
            row.fact.published,
            {True: "yes", False: "NO", None: "-"}[row.holds],
            row.fact.source + ("" if row.fact.is_checked else f" {UNCHECKED_MARK}"),
        ]
        for row in rows
    ]


def headers(rows: Sequence[FactRow]) -> list[str]:
    """Return the names of the columns of `table_rows`."""
    recorded = list(rows[0].recorded) if rows else []
    return [
        "fact",
        "simulated>",
        "over instruments",
        *(f"{name}>" for name in recorded),
        "published",
        "holds",
        "source",
    ]


def as_json(rows: Sequence[FactRow]) -> list[dict[str, object]]:
    """Return the rows as JSON values; what could not be measured is null."""
    return [
        {
            "fact": row.fact.name,
            "label": row.fact.label,
            "simulated": _known(row.simulated),
            "simulated_least": _known(row.simulated_least),
            "simulated_greatest": _known(row.simulated_greatest),
            "recorded": {name: _known(value) for name, value in row.recorded.items()},
            "published": row.fact.published,
            "range": [row.fact.low, _known(row.fact.high)],
            "holds": row.holds,
            "source": row.fact.source,
            "source_checked": row.fact.is_checked,
        }
        for row in rows
    ]


def _known(value: float) -> float | None:
    return float(value) if value == value and abs(value) != float("inf") else None
