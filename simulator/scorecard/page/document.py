"""The page: what was tried, what was found, drawing and table side by side, and every false alert in its own words."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from simulator.scorecard.page import charts
from simulator.scorecard.page.style import STYLE

Report = Mapping[str, Any]
COLUMNS: Final = (
    *("typology", "scenarios", "recall", "exact", "alerts", "precision", "exact", "culprit", "F1", "delay s"),
    *("of length", "alerts each", "events F1", "false/M", "one-liner F1", "recall", "precision", "events F1"),
)
METHOD: Final = (
    "An alert hits a scenario when it names the culprit (an account or owner of it), the instrument, and overlaps its "
    "time within a minute. It is right when it says so under a typology of the scenario's family, exact under the very "
    "one; an alert on nobody's scenario, or on innocent conduct that looks like one (a hard negative), is false. "
    "Events are judged by the orders and trades an alert names. Ranges are 95 % intervals: Wilson's for shares, exact "
    "Poisson for rates, bootstrap over seeds for F1. The one-liner is a naive rule of fixed numbers."
)
KEY: Final = (
    '<div class="key"><span><svg width="12" height="12"><circle class="rule" cx="6" cy="6" r="5"/></svg>rules</span>'
    '<span><svg width="12" height="12"><polygon class="naive" points="6,1 11,6 6,11 1,6"/></svg>naive one-liner</span>'
    "<span>dashed green: the target</span></div>"
)


def document(report: Report, title: str = "Scorecard") -> str:
    """The page of a report, HTML; everything in it, nothing fetched from elsewhere."""
    played = [row for row in report["typologies"] if row["rules"]["scenarios"]]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">Seeds {escape(", ".join(map(str, report["seeds"])))}</p>',
        _figures(report, played),
        "<h2>Rules beside naive one-liners</h2>", KEY, charts.comparison(played),
        "<h2>By typology</h2>", f'<p class="soft">{escape(METHOD)}</p>',
        _table(COLUMNS, map(_cells, played)),
        _one_liners(played),
        *_recall(report),
        *_ranking(report),
        "<h2>False alarms</h2>",
        "<p>False alerts a million benign events, on a logarithmic axis; hollow: none, and what that still allows.</p>",
        charts.false_alarms(report["typologies"]),
        *_density(report),
        *_innocent(report),
    ]  # fmt: skip
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _figures(report: Report, played: Sequence[Report]) -> str:
    below = sum(row["below_baseline"] for row in played)
    false = sum(row["rules"]["false_alerts"] for row in report["typologies"])
    figures = [
        (f"{report['events']:,}", "events"),
        (f"{report['scenarios']:,}", "scenarios"),
        (f"{report['alerts']:,}", "alerts"),
        (f"{false:,}", "false alerts"),
        (f"{len(played) - below} of {len(played)}", "not below the one-liner"),
    ]
    return f'<div class="figures">{"".join(f"<div><b>{value}</b>{name}</div>" for value, name in figures)}</div>'


def _cells(row: Report) -> Iterable[str]:
    rules, naive = row["rules"], row["baseline"]
    yield escape(row["typology"])
    yield str(rules["scenarios"])
    yield _share(rules["recall"])
    yield _number(rules["recall_exact"]["value"])
    yield str(rules["alerts"])
    yield _share(rules["precision"])
    yield _number(rules["precision_exact"]["value"])
    yield _number(rules["precision_culprit"]["value"])
    mark = "bad" if row["below_baseline"] else "good"
    yield f'<span class="{mark}">{_number(rules["f1"])}</span>{_range(rules["f1_interval"])}'
    yield _number(row["delay_s"])
    yield _number(row["delay_share"])
    yield _number(row["alerts_a_scenario"])
    yield _number(rules["event_f1"])
    yield _number(rules["false_per_million_benign_events"]) + _range(rules["false_per_million_interval"])
    if naive is not None:
        yield _number(naive["f1"])
        yield _share(naive["recall"])
        yield _share(naive["precision"])
        yield _number(naive["event_f1"])


def _one_liners(rows: Sequence[Report]) -> str:
    listed = ((escape(row["typology"]), escape(row["baseline_rule"] or "none")) for row in rows)
    table = _table(("typology", "its naive rule"), listed, text_from=1)
    return f"<details><summary>The one-liners in words</summary>{table}</details>"


def _recall(report: Report) -> Iterable[str]:
    points = report["recall_by_severity"]
    if len({point["severity"] for point in points}) > 1:
        yield "<h2>Recall against severity</h2>"
        yield KEY
        yield charts.by_severity(points)
    if report["recall_by_camouflage"]:
        yield "<h2>Recall by camouflage</h2>"
        rows = (
            (escape(each["camouflage"]), str(each["scenarios"]), _share(each["recall"]))
            for each in report["recall_by_camouflage"]
        )
        yield _table(("camouflage", "scenarios", "recall"), rows)


def _ranking(report: Report) -> Iterable[str]:
    """Average precision with the anomaly model, without it, and by rank-tail rules."""
    if not (found := report["ranking"]):
        return
    adds, beside = found["model_adds"], found["over_rules_and_tail_sum"]
    yield "<h2>Rankings, with the anomaly model and without</h2>"
    yield (
        f"<p>{found['windows']:,} windows, of a group's minute in a market each; {found['true']:,} of them in a scheme "
        f"(chance: {found['chance']:.3f}). To the rules the model adds {_signed(adds)}; beside the rules it has "
        f"{_signed(beside)} over the sum of tail ranks.</p>"
    )
    yield _table(
        ("ranking", "average precision", "mean of typologies"),
        (
            (escape(name), f"{each['average_precision']:.3f}{_range(each['interval'])}", f"{found['macro'][name]:.3f}")
            for name, each in found["rankings"].items()
        ),
    )
    parts = (
        (escape(name), str(own["true"]), *(f"{own[ranking]:.3f}" for ranking in found["rankings"]))
        for name, own in found["typologies"].items()
    )
    table = _table(("typology", "windows", *map(escape, found["rankings"])), parts)
    yield f"<details><summary>Average precision by typology</summary>{table}</details>"


def _signed(gain: Report) -> str:
    return f"{gain['difference']:+.3f}{_range(gain['interval'])}"


def _density(report: Report) -> Iterable[str]:
    if report["density"]:
        yield "<h2>The same market, busier</h2>"
        yield "<p>False alerts a million benign events, all rules together, as everybody acts more often.</p>"
        yield charts.by_density(report["density"])


def _innocent(report: Report) -> Iterable[str]:
    hits = [
        (escape(each["name"]), escape(hit["rule"]), str(hit["seed"]), escape(hit["explanation"]))
        for each in report["hard_negatives"]
        for hit in each["hits"]
    ]
    if report["hard_negatives"]:
        played = sum(each["played"] for each in report["hard_negatives"])
        clean = [each["name"] for each in report["hard_negatives"] if not each["hits"]]
        yield f"<h2>Hard negatives</h2><p>{played} played, {len(hits)} alerts on them."
        yield f" Without any: {escape(', '.join(clean)) or 'none'}.</p>"
        yield _table(("innocent conduct", "rule", "seed", "explanation"), hits, text_from=3) if hits else ""
    others = [
        (escape(each["rule"]), escape(each["instrument"]), str(each["seed"]), escape(each["explanation"]))
        for each in report["false_alarms"]
    ]
    yield f"<h2>Alerts on nobody's scenario</h2><p>{len(others)} in all.</p>"
    if others:
        yield _table(("rule", "instrument", "seed", "explanation"), others, text_from=3)


def _table(columns: Sequence[str], rows: Iterable[Iterable[str]], text_from: int = 1_000) -> str:
    head = "".join(_cell("th", name, place >= text_from) for place, name in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(_cell('td', cell, place >= text_from) for place, cell in enumerate(row))}</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(name: str, content: str, is_text: bool) -> str:
    style = ' class="text"' if is_text else ""
    return f"<{name}{style}>{content}</{name}>"


def _share(share: Report) -> str:
    low, high = share["interval"]
    if share["value"] is None:
        return "-"
    return f"{share['value']:.2f} <small>{low:.2f}–{high:.2f}</small>"


def _range(interval: Sequence[float | None]) -> str:
    low, high = interval
    return "" if low is None or high is None else f" <small>{_number(low)}–{_number(high)}</small>"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"
