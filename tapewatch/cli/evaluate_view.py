"""The report of an evaluation on a terminal."""

from collections.abc import Mapping
from typing import Any

from tapewatch.cli.output import counted, print_lines, print_table
from tapewatch.cli.ranking_view import show_ranking

COLUMNS = (
    *("typology", "scenarios>", "recall>", "exact>", "alerts>", "precision>", "exact>", "culprit>", "F1>", "(95 %)"),
    *("delay s>", "of length>", "alerts each>", "events F1>", "false/M>", "(95 %)"),
)
BESIDE_COLUMNS = (
    *("typology", "F1>", "one-liner>", "recall>", "one-liner>", "precision>", "one-liner>", "events F1>"),
    *("one-liner>", "below it by"),
)
HITS_SHOWN_MAX = 40


def show(report: Mapping[str, Any]) -> None:
    """Print the tables."""
    played = [row for row in report["typologies"] if row["rules"]["scenarios"]]
    silent = [row for row in report["typologies"] if not row["rules"]["scenarios"]]
    seeds = ", ".join(map(str, report["seeds"]))
    print_lines(
        ("seeds", seeds),
        ("runs", f"{report['runs']} of {report['events']:,} events, {report['benign_events']:,} of them benign"),
        ("scenarios", f"{report['scenarios']}; {counted(report['alerts'], 'alert')}"),
    )
    print_table(COLUMNS, map(_cells, played), "By typology, right in its family; 'exact': the very typology")
    print_table(BESIDE_COLUMNS, map(_beside, (row for row in played if row["baseline"])), "Beside the naive one-liners")
    print_table(
        ("rule without a scheme", "alerts>", "false/M>", "(95 %)", "not applicable"),
        (
            (row["typology"], row["rules"]["alerts"], *_rate(row["rules"]), row["not_applicable"] or "")
            for row in silent
        ),
    )
    _show_targets(report)
    _show_recall(report)
    if report["ranking"]:
        show_ranking(report["ranking"])
    _show_innocent(report)


def _show_recall(report: Mapping[str, Any]) -> None:
    severities = sorted({each["severity"] for each in report["recall_by_severity"]})
    if len(severities) > 1:
        found = {(each["typology"], each["severity"]): each for each in report["recall_by_severity"]}
        names = sorted({name for name, _ in found})
        print_table(
            ("recall at severity", *(f"{severity:g}>" for severity in severities)),
            (
                (name, *(_share(found[name, each]["recall"]) if (name, each) in found else "" for each in severities))
                for name in names
            ),
        )
    if report["recall_by_camouflage"]:
        print_table(
            ("camouflage", "scenarios>", "recall>"),
            (
                (each["camouflage"], each["scenarios"], _share(each["recall"]))
                for each in report["recall_by_camouflage"]
            ),
        )


def _show_targets(report: Mapping[str, Any]) -> None:
    """What was set out and not reached."""
    words = {
        "recall": "recall below .9",
        "precision": "precision below .9",
        "not_below_baseline": "below its one-liner",
        "false_alarms": "more than one false alert a million benign events",
    }
    missed = [
        (each["typology"], ", ".join(said for key, said in words.items() if each[key] is False))
        for each in report["targets"]
    ]
    shown = [row for row in missed if row[1]]
    if shown:
        print_table(("target not met", "why"), shown)


def _show_innocent(report: Mapping[str, Any]) -> None:
    if report["hard_negatives"]:
        print_table(
            ("hard negative", "played>", "hits>", "rules"),
            (
                (
                    each["name"],
                    each["played"],
                    len(each["hits"]),
                    ", ".join(sorted({hit["rule"] for hit in each["hits"]})),
                )
                for each in report["hard_negatives"]
            ),
        )
    if report["density"]:
        print_table(
            ("density", "benign events>", "false alerts>", "a million>", "(95 %)", "by rule"),
            map(_density_cells, report["density"]),
        )
    hits = [
        (each["name"], hit["rule"], hit["explanation"]) for each in report["hard_negatives"] for hit in each["hits"]
    ]
    others = [("nobody", each["rule"], each["explanation"]) for each in report["false_alarms"]]
    if hits or others:
        print_table(("false alert about", "rule", "explanation"), [*hits, *others][:HITS_SHOWN_MAX])


def _density_cells(each: Mapping[str, Any]) -> tuple[object, ...]:
    rules = ", ".join(f"{count} {rule}" for rule, count in each["by_rule"].items())
    rate = (_number(each["per_million"]), _span(each["interval"]))
    return (f"{each['density']:g}x", f"{each['benign_events']:,}", each["false_alerts"], *rate, rules)


def _cells(row: Mapping[str, Any]) -> tuple[object, ...]:
    rules = row["rules"]
    return (
        row["typology"], rules["scenarios"], _share(rules["recall"]), _share(rules["recall_exact"]), rules["alerts"],
        _share(rules["precision"]), _share(rules["precision_exact"]), _share(rules["precision_culprit"]),
        _number(rules["f1"]), _span(rules["f1_interval"]),
        _number(row["delay_s"]), _number(row["delay_share"]), _number(row["alerts_a_scenario"]),
        _number(rules["event_f1"]), *_rate(rules),
    )  # fmt: skip


def _beside(row: Mapping[str, Any]) -> tuple[object, ...]:
    rules, naive = row["rules"], row["baseline"]
    return (
        row["typology"], _number(rules["f1"]), _number(naive["f1"]), _share(rules["recall"]), _share(naive["recall"]),
        _share(rules["precision"]), _share(naive["precision"]), _number(rules["event_f1"]), _number(naive["event_f1"]),
        _below(row),
    )  # fmt: skip


def _below(row: Mapping[str, Any]) -> str:
    levels = [name for name, key in (("scenarios", ""), ("events", "_by_event")) if row[f"below_baseline{key}"]]
    return ", ".join(levels)


def _rate(scored: Mapping[str, Any]) -> tuple[str, str]:
    return _number(scored["false_per_million_benign_events"]), _span(scored["false_per_million_interval"])


def _share(share: Mapping[str, Any]) -> str:
    return _number(share["value"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) >= 10 else f"{value:.2f}"


def _span(interval: Any) -> str:
    if not interval or interval[0] is None or interval[1] is None:
        return ""
    return f"{_number(interval[0])}-{_number(interval[1])}"
