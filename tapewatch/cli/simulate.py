"""`tapewatch simulate`: a simulated market with labelled abuse, as files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.hard_negatives import HARD_NEGATIVES
from simulator.output import SINKS, Summary, write_simulation
from simulator.schedule import playable
from simulator.schemes import SCHEMES
from simulator.venues import HOURS, MARKETS
from tapewatch.cli.configured import JsonOption
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.market_options import CamouflageOption, camouflage_of, market_named
from tapewatch.cli.output import print_json, print_lines, progress_bar, time_text

app = typer.Typer(add_completion=False)
NO_SCHEME = "none"
EVERY_HARD_NEGATIVE = "all"


@app.command()
def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    schemes: Annotated[
        list[str] | None,
        typer.Option("--scheme", metavar="NAME", help="Scheme to play, or `none`; may be repeated; all without."),
    ] = None,
    hard_negatives: Annotated[
        list[str] | None,
        typer.Option(
            "--hard-negative",
            metavar="NAME",
            help="Honest conduct that looks like abuse, or `all`; may be repeated; none without.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all randomness.")] = 1,
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="Simulated length.")] = 30.0,
    severity: Annotated[float, typer.Option("--severity", help="0 (hidden) to 1 (blatant).")] = 0.8,
    camouflage: CamouflageOption = "",
    market: Annotated[str, typer.Option("--market", help=f"One of {', '.join(MARKETS)}.")] = "whole",
    hours: Annotated[
        str, typer.Option("--hours", help="none, those the exchanges have (listed), or a day fitted into the run.")
    ] = "fitted",
    density: Annotated[float, typer.Option("--density", min=0.1, max=100.0, help="How often everybody acts.")] = 1.0,
    file_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(SINKS)}.")] = "events",
    as_json: JsonOption = False,
) -> None:
    """Write a simulated market with labelled abuse: events, accounts, instruments, labels."""
    traded = market_named(market)
    any_hours: Any = hours
    played = [scheme for scheme in (schemes or playable(MARKETS[traded])) if scheme != NO_SCHEME]
    benign = list(HARD_NEGATIVES) if hard_negatives == [EVERY_HARD_NEGATIVE] else hard_negatives or []
    _check(played, benign, severity, file_format, hours)
    hidden = camouflage_of(camouflage)
    with progress_bar("simulating", 1.0) as advance:
        done = 0.0

        def progress(events: int, share: float) -> None:
            nonlocal done
            advance(share - done)
            done = share

        any_format: Any = file_format
        summary = write_simulation(
            out,
            played,
            seed,
            minutes,
            severity,
            any_format,
            progress,
            density,
            hard_negatives=benign,
            camouflage=hidden,
            market=traded,
            hours=any_hours,
        )
    if as_json:
        print_json(asdict(summary))
        return
    _print(summary, out)


def _print(summary: Summary, out: Path) -> None:
    print_lines(
        ("written to", str(out)),
        ("events", f"{summary.events} from {time_text(summary.start_time_ns)}"),
        *(("", f"{count} {kind}") for kind, count in sorted(summary.events_by_kind.items())),
        ("scenarios", ", ".join(f"{count} {name}" for name, count in summary.scenarios_by_scheme.items()) or "none"),
        ("hard negatives", ", ".join(f"{count} {name}" for name, count in summary.hard_negatives.items()) or "none"),
    )


def _check(schemes: list[str], hard_negatives: list[str], severity: float, file_format: str, hours: str) -> None:
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise WrongUsageError(f"--scheme: expected one of {', '.join(SCHEMES)}, found {scheme!r}")
    for name in hard_negatives:
        if name not in HARD_NEGATIVES:
            expected = ", ".join((EVERY_HARD_NEGATIVE, *HARD_NEGATIVES))
            raise WrongUsageError(f"--hard-negative: expected one of {expected}, found {name!r}")
    if not 0.0 <= severity <= 1.0:
        raise WrongUsageError(f"--severity: expected 0 (hidden) to 1 (blatant), found {severity:g}")
    if file_format not in SINKS:
        raise WrongUsageError(f"--format: expected one of {', '.join(SINKS)}, found {file_format!r}")
    if hours not in HOURS:
        raise WrongUsageError(f"--hours: expected one of {', '.join(HOURS)}, found {hours!r}")
