"""Reads labels: scenario by scenario (JSON lines or CSV), or event by event (CSV with an event's key and its label).

Columns of scenarios, all but `typology` optional: scenario_id, typology, kind (scheme or hard_negative), severity,
camouflage, venue(s), instrument(s), accounts, owners, start_time_ns, end_time_ns, order_ids, trade_ids, rows; lists as
JSON lists or texts with `;` between. Columns of events: `label` (empty, 0, none, normal, benign or false: not abuse)
and one of order_id, trade_id, row (the event's place in its file, from 1, the header not counted); scenario_id,
account, instrument, venue and event_time_ns where known.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from simulator.scorecard.truth import HARD_NEGATIVE, SCHEME, LabelError, Scenario, scenario_of, time_of

BENIGN_WORDS: Final = frozenset({"", "0", "none", "normal", "benign", "false", "nan"})
EVENT_KEYS: Final = ("order_id", "trade_id", "row")
ORDINARY: Final = "ordinary"
_LISTS: Final = {"order_id": "order_ids", "trade_id": "trade_ids", "row": "rows", "account": "accounts"}


def read_labels(path: Path, names: Mapping[str, str] | None = None, kind: str = SCHEME) -> list[Scenario]:
    """The scenarios of a file; `names` gives our name for a foreign typology (`ordinary`: leave it out).

    Raises LabelError naming file and line.
    """
    if path.suffix == ".csv":
        scenarios = _read_csv(path, kind)
    else:
        scenarios = [scenario_of(values, where, kind) for values, where in _json_lines(path)]
    return renamed(scenarios, names or {})


def read_run(folder: Path) -> list[Scenario]:
    """The truth beside a simulated run: labels.jsonl, and benign.jsonl where there are hard negatives."""
    innocent = folder / "benign.jsonl"
    return [
        *read_labels(folder / "labels.jsonl"),
        *(read_labels(innocent, kind=HARD_NEGATIVE) if innocent.exists() else ()),
    ]


def renamed(scenarios: Iterable[Scenario], names: Mapping[str, str]) -> list[Scenario]:
    """The scenarios under our names."""
    made = [replace(one, typology=names.get(one.typology, one.typology)) for one in scenarios]
    return [one for one in made if one.typology != ORDINARY]


def _json_lines(path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}, line {number}"
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except json.JSONDecodeError as error:
                raise LabelError(f"{where}: expected a JSON object, found {line.strip()[:60]!r} ({error})") from error
            if not isinstance(values, dict):
                raise LabelError(f"{where}: expected a JSON object, found {type(values).__name__}")
            yield values, where


def _read_csv(path: Path, kind: str) -> list[Scenario]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header = [name.strip() for name in reader.fieldnames or ()]
        if "typology" in header:
            return [scenario_of(row, f"{path}, line {number}", kind) for number, row in enumerate(reader, 2)]
        if "label" not in header:
            raise LabelError(
                f"{path}: expected a column `typology` (a scenario a line) or `label` (an event a line), "
                f"found {', '.join(header) or 'nothing'}"
            )
        key = next((name for name in EVENT_KEYS if name in header), None)
        if key is None:
            raise LabelError(
                f"{path}: expected one of {', '.join(EVENT_KEYS)} beside `label`, found {', '.join(header)}"
            )
        return _of_events(reader, key, kind, path)


def _of_events(rows: Iterable[Mapping[str, str]], key: str, kind: str, path: Path) -> list[Scenario]:
    """Events of one label and scenario (of one label, account and instrument, where no scenario is named) together."""
    gathered: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, row in enumerate(rows, 2):
        label = str(row.get("label") or "").strip()
        if label.lower() in BENIGN_WORDS:
            continue
        named = row.get("scenario_id") or ""
        one = (label, named) if named else (label, row.get("account") or "", row.get("instrument") or "")
        held = gathered.setdefault(one, {"typology": label, "kind": kind, "scenario_id": "/".join(filter(None, one))})
        for column, many in _LISTS.items():
            if (column == key or column == "account") and row.get(column):
                held.setdefault(many, []).append(row[column])
        for column in ("instrument", "venue"):
            if row.get(column):
                held.setdefault(f"{column}s", []).append(row[column])
        if row.get("event_time_ns"):
            time_ns = time_of(row, "event_time_ns", 0, f"{path}, line {number}")
            held["start_time_ns"] = min(held.get("start_time_ns", time_ns), time_ns)
            held["end_time_ns"] = max(held.get("end_time_ns", time_ns), time_ns)
    return [scenario_of(held, f"{path}, {'/'.join(one)}") for one, held in gathered.items()]
