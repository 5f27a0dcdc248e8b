"""The drawings of the scorecard: how rules and naive rules compare, how recall falls with severity, false alarms."""

from collections.abc import Mapping, Sequence
from math import ceil, log10
from typing import Any, Final

from simulator.scorecard.page.svg import Axis, diamond, dot, drawing, line, path, words

Report = Mapping[str, Any]
WIDTH: Final = 860
NAMES_WIDTH: Final = 190
ROW_HEIGHT: Final = 22
TOP: Final = 34
CELL: Final = (205, 130)
COLUMNS: Final = 4
TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
RATE_MIN: Final = 0.01
TARGET_RECALL, TARGET_RATE = 0.9, 1.0


def comparison(rows: Sequence[Report]) -> str:
    """F1 of the rules, with its interval, and of the naive rule, typology by typology."""
    axis = Axis(0.0, 1.0, NAMES_WIDTH, WIDTH - 30)
    bottom = TOP + ROW_HEIGHT * len(rows)
    parts = [line(axis.place(tick), TOP - 8, axis.place(tick), bottom, "grid") for tick in TICKS]
    parts += [words(f"{tick:g}", axis.place(tick), TOP - 14, "middle", "tick") for tick in TICKS]
    parts.append(line(axis.place(TARGET_RECALL), TOP - 8, axis.place(TARGET_RECALL), bottom, "target"))
    for place, row in enumerate(rows):
        parts += _compared(row, TOP + ROW_HEIGHT * (place + 0.5), axis)
    return drawing(WIDTH, bottom + 8, parts, "F1 of the rules and of the naive rules by typology")


def _compared(row: Report, y: float, axis: Axis) -> list[str]:
    rules, naive, name = row["rules"], row["baseline"], row["typology"]
    low, high = rules["f1_interval"]
    parts = [words(name, NAMES_WIDTH - 12, y + 4, "end")]
    if low is not None and high is not None:
        parts.append(line(axis.place(low), y - 3, axis.place(high), y - 3, "rule-range"))
    if naive is not None and naive["f1"] is not None:
        told = f"{name}, naive rule: F1 {naive['f1']:.2f}. {row['baseline_rule']}"
        parts.append(diamond(axis.place(naive["f1"]), y + 4, "naive", told, 4.5))
    told = f"{name}: F1 {rules['f1']:.2f}, recall {_value(rules['recall'])}, precision {_value(rules['precision'])}"
    return [*parts, dot(axis.place(rules["f1"]), y - 3, "rule", told)]


def _value(share: Report) -> str:
    return "-" if share["value"] is None else f"{share['value']:.2f} ({share['hits']}/{share['trials']})"


def by_severity(points: Sequence[Report]) -> str:
    """Recall against severity, a small drawing a typology."""
    names = sorted({point["typology"] for point in points})
    parts = []
    for place, name in enumerate(names):
        own = sorted(
            (point for point in points if point["typology"] == name), key=lambda point: float(point["severity"])
        )
        parts += _small(name, own, (place % COLUMNS) * (CELL[0] + 10), (place // COLUMNS) * CELL[1])
    height = -(-len(names) // COLUMNS) * CELL[1] + 6
    return drawing(COLUMNS * (CELL[0] + 10), height, parts, "Recall against severity by typology")


def _small(name: str, points: Sequence[Report], left: float, top: float) -> list[str]:
    across, up = Axis(0.0, 1.0, left + 26, left + CELL[0] - 8), Axis(0.0, 1.0, top + CELL[1] - 24, top + 24)
    parts = [words(name, left + 26, top + 14)]
    for tick in (0.0, 0.5, 1.0):
        parts += [
            line(across.start, up.place(tick), across.end, up.place(tick), "grid"),
            words(f"{tick:g}", left + 20, up.place(tick) + 4, "end", "tick"),
            words(f"{tick:g}", across.place(tick), up.start + 14, "middle", "tick"),
        ]
    for key, class_, shape in (("baseline", "naive", diamond), ("recall", "rule", dot)):
        known = [point for point in points if point[key]["value"] is not None]
        places = [(across.place(point["severity"]), up.place(point[key]["value"])) for point in known]
        parts.append(path(places, f"{class_}-line"))
        parts += [
            shape(x, y, class_, f"{name}, severity {point['severity']:g}: recall {_value(point[key])}", 3.5)
            for (x, y), point in zip(places, known, strict=True)
        ]
    return parts


def false_alarms(rows: Sequence[Report]) -> str:
    """False alerts a million benign events with their intervals, the worst rule first, on a logarithmic axis.

    Rules that raised none share one line: what nothing in so many events still allows.
    """
    known = [row for row in rows if row["rules"]["false_per_million_interval"][1] is not None]
    raised = sorted((row for row in known if row["rules"]["false_alerts"]), key=_rate, reverse=True)
    quiet = [row for row in known if not row["rules"]["false_alerts"]]
    shown = [(row["typology"], row["rules"]) for row in raised]
    shown += [(f"each of {len(quiet)} others", quiet[0]["rules"])] if quiet else []
    high = max([10.0, *(rules["false_per_million_interval"][1] for _, rules in shown)])
    powers = range(-2, ceil(log10(high)) + 1)
    axis = Axis(RATE_MIN, 10.0 ** powers[-1], NAMES_WIDTH, WIDTH - 30, is_logarithmic=True)
    bottom = TOP + ROW_HEIGHT * len(shown)
    parts = [line(axis.place(10.0**power), TOP - 8, axis.place(10.0**power), bottom, "grid") for power in powers]
    parts += [words(f"{10.0**power:g}", axis.place(10.0**power), TOP - 14, "middle", "tick") for power in powers]
    parts.append(line(axis.place(TARGET_RATE), TOP - 8, axis.place(TARGET_RATE), bottom, "target"))
    for place, (name, rules) in enumerate(shown):
        y = TOP + ROW_HEIGHT * (place + 0.5)
        rate, (least, most) = rules["false_per_million_benign_events"], rules["false_per_million_interval"]
        told = f"{name}: {rate:.2f} a million, 95 % {least:.2f} to {most:.2f}"
        parts += [
            words(name, NAMES_WIDTH - 12, y + 4, "end"),
            line(axis.place(least), y, axis.place(most), y, "rule-range"),
            dot(axis.place(rate), y, "rule" if rate else "rule none", told, 4),
        ]
    return drawing(WIDTH, bottom + 8, parts, "False alerts a million benign events by rule")


def _rate(row: Report) -> float:
    return float(row["rules"]["false_per_million_benign_events"])


def by_density(points: Sequence[Report]) -> str:
    """False alerts a million events as the market gets busier."""
    known = [point for point in points if point["interval"]]
    high = max([1.0, *(point["interval"][1] for point in known)])
    across = Axis(1.0, max([10.0, *(point["density"] for point in known)]), 60, 520, is_logarithmic=True)
    up = Axis(0.0, high, 210, 20)
    parts = [line(across.start, up.place(tick), across.end, up.place(tick), "grid") for tick in (0.0, high / 2, high)]
    parts += [words(f"{tick:.2g}", 52, up.place(tick) + 4, "end", "tick") for tick in (0.0, high / 2, high)]
    for point in known:
        x = across.place(point["density"])
        low, upper = point["interval"]
        told = f"{point['density']:g}x: {point['per_million']:.2f} a million of {point['benign_events']:,} events"
        parts += [
            words(f"{point['density']:g}x", x, 230, "middle", "tick"),
            line(x, up.place(low), x, up.place(upper), "rule-range"),
            dot(x, up.place(point["per_million"]), "rule", told),
        ]
    parts.append(path([(across.place(p["density"]), up.place(p["per_million"])) for p in known], "rule-line"))
    return drawing(560, 240, parts, "False alerts a million events by density")
