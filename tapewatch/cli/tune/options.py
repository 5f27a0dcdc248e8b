"""The options of `tapewatch tune`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tapewatch.cli.tune.feedback import SERVICE


def _file(name: str, what: str, *, exists: bool = True) -> Any:
    return typer.Option(name, metavar="FILE", exists=exists, dir_okay=False, help=what)


RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="Id of the rule.")]
DataArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="DATA...",
        exists=True,
        help="Directories that `simulate` wrote; or event files, with --labels or --feedback.",
    ),
]
JournalOption = Annotated[
    bool, typer.Option("--journal", help="Past events from the running ingest instead, with its reference data.")
]
LabelsOption = Annotated[Path | None, _file("--labels", "Labels of event files, CSV or JSON lines.")]
FeedbackOption = Annotated[
    str | None,
    typer.Option(
        "--feedback",
        metavar=f"{SERVICE}|FILE",
        help="Closed cases: of the case service, or what `cases list --json` printed.",
    ),
]
ParametersOption = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME[=V,V,...]", help="Only this one, with these values; may be repeated."),
]
PointsOption = Annotated[int, typer.Option("--points", min=2, max=100, help="Values a parameter.")]
GridOption = Annotated[bool, typer.Option("--grid", help="Every combination of the parameters named.")]
RecallOption = Annotated[
    float | None, typer.Option("--recall-min", min=0.0, max=1.0, help="Propose what keeps it at the least cost.")
]
AlertsOption = Annotated[
    float | None, typer.Option("--alerts-a-day-max", min=0.0, help="Propose the most recall within it.")
]
HoursOption = Annotated[float, typer.Option("--hours-a-day", min=0.1, max=24.0, help="Of trading.")]
CheckOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--check",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Other simulated data to hold it against.",
    ),
]
OutOption = Annotated[Path | None, _file("--out", "Where the proposal goes, YAML.", exists=False)]
PlotOption = Annotated[Path | None, _file("--plot", "Alerts against recall: .svg, .png or .html.", exists=False)]
ModelOption = Annotated[Path | None, _file("--model", "Anomaly model, for rules that go by it.")]
SettingsOption = Annotated[Path | None, _file("--config", "Settings in force now; the defaults without.")]
