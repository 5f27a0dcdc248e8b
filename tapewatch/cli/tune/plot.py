"""Alerts against recall as a picture: SVG, PNG, or an HTML page with the figures below it."""

from html import escape
from io import StringIO
from pathlib import Path
from typing import Any, Final

from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.tune.report import Report
from tapewatch.cli.tune.words import alerts_text, changes_text, cost_lines, recall_text

SUFFIXES: Final = (".svg", ".png", ".html")
SIZE_INCHES: Final = (8.0, 5.0)
DOTS_PER_INCH: Final = 150
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse}}td,th{{padding:.2em .8em;text-align:left;border-bottom:1px solid #ccc}}</style>
<h1>{title}</h1>{picture}<ul>{lines}</ul><table><tr><th>setting</th><th>recall</th><th>alerts</th></tr>{rows}</table></html>
"""


def check_plot(path: Path | None) -> None:
    """Refuses a picture that could not be drawn before any work is done."""
    if path is None:
        return
    if path.suffix not in SUFFIXES:
        raise WrongUsageError(f"--plot: expected a name that ends with {', '.join(SUFFIXES)}, found {path.name!r}")
    try:
        import matplotlib.figure  # noqa: F401  # only whether it is there
    except ModuleNotFoundError as error:
        raise CommandError(
            "--plot needs matplotlib: install the extra 'plots' (pip install 'tapewatch[plots]')"
        ) from error


def write_plot(path: Path, report: Report) -> None:
    """Draw the report into a file, by its suffix."""
    figure = _figure(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".html":
        figure.savefig(path, dpi=DOTS_PER_INCH)
        return
    drawn = StringIO()
    figure.savefig(drawn, format="svg")
    picture = drawn.getvalue()
    path.write_text(_page(report, picture[picture.index("<svg") :]), encoding="utf-8")


def _figure(report: Report) -> Any:
    from matplotlib.figure import Figure

    scale = report.scale
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axis = figure.subplots()
    for name, rows in report.by_parameter.items():
        if len({(each.outcome.alerts, len(each.outcome.found)) for _, each in rows}) > 1:
            points = [(scale.a_day(each.outcome.alerts), scale.recall(each.outcome)) for _, each in rows]
            axis.plot(*zip(*points, strict=True), marker=".", linewidth=0.8, alpha=0.7, label=name)
    if report.combinations:
        points = [(scale.a_day(each.outcome.alerts), scale.recall(each.outcome)) for _, each in report.combinations]
        axis.plot(*zip(*points, strict=True), ".", alpha=0.5, label="combinations")
    ahead = [(scale.a_day(each.alerts), scale.recall(each)) for each in report.front]
    axis.step(*zip(*ahead, strict=True), where="post", color="black", linewidth=1.4, label="none better")
    marked = [("now", report.now.outcome, "s"), ("knee", report.knee, "D")]
    if report.chosen is not None and report.proposes:
        marked.append(("proposed", report.chosen.outcome, "*"))
    for word, outcome, marker in marked:
        at = scale.a_day(outcome.alerts), scale.recall(outcome)
        axis.plot(*at, marker, markersize=11, label=f"{word}: {changes_text(outcome, report.sweep.current)}")
    low, high = scale.recall_interval(report.now.outcome)
    axis.axhspan(low, high, alpha=0.08, color="grey", label="recall now, 95 % interval")
    axis.set_xlabel("alerts a day")
    axis.set_ylabel("recall" if not report.is_partial else "recall over judged cases")
    axis.set_ylim(-0.02, 1.02)
    axis.set_title(f"{report.metadata.rule_id} {report.metadata.version}: {report.scale.targets} to find", loc="left")
    axis.legend(fontsize=8)
    return figure


def _page(report: Report, picture: str) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in (_proposal(report), *cost_lines(report)))
    rows = "".join(
        f"<tr><td>{escape(changes_text(each, report.sweep.current))}</td>"
        f"<td>{escape(recall_text(each, report.scale))}</td><td>{escape(alerts_text(each, report.scale))}</td></tr>"
        for each in report.front
    )
    title = escape(f"{report.metadata.rule_id} {report.metadata.version}: alerts against recall")
    return PAGE.format(title=title, picture=picture, lines=lines, rows=rows)


def _proposal(report: Report) -> str:
    if report.chosen is None or not report.proposes:
        return "No change is proposed."
    return f"Proposed: {changes_text(report.chosen.outcome, report.sweep.current)}"
