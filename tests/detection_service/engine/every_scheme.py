"""One stream in which nearly every rule of the catalogue finds something, and what an engine makes of it.

The first positive scenario of each rule is played on an instrument of its own, several of them on one venue, all at the
same time; random flow goes on beside them. Accounts that no reference table names deal in many of the markets.

`python -m tests.detection_service.engine.every_scheme SEED` prints the mode, the number of revisions and their digest.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import merge
from itertools import accumulate, pairwise

import numpy as np

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import Engine
from detection_service.rules.catalogue import RULES
from detection_service.rules.rule import Rule
from detection_service.rules.scenarios.ordinary_model import ordinary_model
from detection_service.rules.scenarios.scenario import Scenario, load, scenario_file
from tapewatch.alert import Alert, to_json
from tapewatch.engine_mode import mode
from tapewatch.market.frame import Frame
from tapewatch.market.reference import LINK_SEPARATOR, TABLES, Reference
from tests.detection_service.engine.event_file import generated
from tests.detection_service.scenario import Row

VENUES = 4
RANDOM_ROWS = 4_000
ROWS_A_FRAME = 512
CANARY_VENUE = "TAPEWATCH"
_MARKET_COLUMNS = ("instrument", "underlying", "product", "isin")
_ACCOUNT_COLUMNS = ("account", "owner", "firm", "desk", "device", "ip_subnet", "linked_accounts")


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in the order they are told, a part for each scenario and one of random flow."""

    parts: tuple[tuple[Row, ...], ...]
    configuration: EngineConfiguration

    def rows(self) -> list[Row]:
        """All parts, at the same time."""
        return told_together(self.parts)


@cache
def every_scheme(seed: int) -> Stream:
    """The stream of a seed, which decides which scenarios share a venue, and the random flow."""
    chosen = [scenario for scenario in map(_first_positive, RULES) if scenario is not None]
    random.Random(seed).shuffle(chosen)
    tables: dict[str, list[dict[str, str]]] = {name: [] for name in TABLES}
    parts: list[tuple[Row, ...]] = []
    for number, scenario in enumerate(chosen):
        placed = _Placed(scenario, number)
        parts.append(tuple(placed.rows()))
        for name, rows in placed.reference().items():
            tables[name] += rows
    parts.append(tuple(row | {"source": "random", "venue": "V0"} for row in generated(seed, RANDOM_ROWS)))
    return Stream(tuple(parts), EngineConfiguration(reference=Reference.from_json(tables)))


def _first_positive(rule: Rule) -> Scenario | None:
    positives = (each for each in load(scenario_file(rule)) if each.kind == "positive" and not each.parameters)
    return next(positives, None)


class _Placed:
    """A scenario under names of its own, but for the accounts that no reference table of it names."""

    def __init__(self, scenario: Scenario, number: int) -> None:
        self._scenario, self._number = scenario, number
        tables = scenario.reference.to_json()
        named = [row for table in ("accounts", "positions", "restricted") for row in tables[table]]
        linked = [each.strip() for row in named for each in row.get("linked_accounts", "").split(LINK_SEPARATOR)]
        self._accounts = {row["account"] for row in named if "account" in row} | set(linked)
        self._venues = {str(row["venue"]) for row in scenario.rows}

    def rows(self) -> Iterator[Row]:
        """The events."""
        for row in self._scenario.rows:
            placed = {**row, "venue": self._venue(str(row["venue"]))}
            if row["venue"] != CANARY_VENUE:
                placed |= {name: f"{row[name]}-{self._number}" for name in ("instrument", "source")}
            for name in ("account", "contra_account"):
                if row.get(name) in self._accounts:
                    placed[name] = f"{row[name]}-{self._number}"
            yield placed

    def reference(self) -> dict[str, list[dict[str, str]]]:
        """The reference data."""
        tables = self._scenario.reference.to_json()
        return {name: [dict(self._renamed(row)) for row in rows] for name, rows in tables.items()}

    def _renamed(self, row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in row.items():
            if name == "venue":
                yield name, self._venue(value)
            elif name in _MARKET_COLUMNS or name in _ACCOUNT_COLUMNS:
                yield (
                    name,
                    LINK_SEPARATOR.join(f"{each}-{self._number}" for each in value.split(LINK_SEPARATOR)),
                )
            else:
                yield name, value

    def _venue(self, name: str) -> str:
        """Scenarios of one venue share a few; those of several, and the canaries, have theirs."""
        if name == CANARY_VENUE:
            return name
        return f"{name}-{self._number}" if len(self._venues) > 1 else f"V{self._number % VENUES}"


def told_together(parts: Iterable[Sequence[Row]]) -> list[Row]:
    """The rows of parts at the same time, each part in its own order."""
    timed = (list(zip(accumulate(map(time_ns, part), max), part, strict=True)) for part in parts)
    return [row for _, row in merge(*timed, key=lambda each: each[0])]


def time_ns(row: Row) -> int:
    """Event time of a row."""
    return int(str(row["event_time_ns"]))


def played(rows: Sequence[Row], configuration: EngineConfiguration, rows_a_batch: int = ROWS_A_FRAME) -> list[Alert]:
    """Every revision of an engine with a model in force, the closing ones of the end included."""
    engine = Engine(configuration, ordinary_model())
    frames = cut(rows, range(0, len(rows), rows_a_batch))
    return [alert for frame in frames for alert in engine.process(frame)] + engine.finish()


def cut(rows: Sequence[Row], starts: Iterable[int]) -> Iterator[Frame]:
    """Frames of the rows, cut before the places given, the first of which is 0."""
    whole = Frame.from_rows(rows)
    for start, stop in pairwise([*starts, len(rows)]):
        yield whole.take(np.arange(start, stop))


def digest(alerts: Iterable[Alert]) -> str:
    """SHA-256 of the JSON of all revisions by id and number; what is seen of a source is told at the end of a frame."""
    revisions = sorted(alerts, key=lambda alert: (alert.alert_id, alert.revision))
    content = json.dumps([to_json(alert) for alert in revisions], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


if __name__ == "__main__":
    stream = every_scheme(int(sys.argv[1]))
    made = played(stream.rows(), stream.configuration)
    print(mode(), len(made), digest(made))
