"""Entry of the command `tapewatch`. Modules of the commands are imported only when their command is called."""

import importlib
import os
import sys
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

START, DETECT, WORK, OPERATE = "Start here", "Detect", "Work the findings", "Operate"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as `tapewatch --help` lists it; `module` holds its `app`."""

    name: str
    module: str
    panel: str
    help: str


ENTRIES = (
    Entry("demo", "demo", START, "All services on this machine, watching a simulated market with abuse in it."),
    Entry("doctor", "doctor", START, "What is wrong with this installation, and how to mend it."),
    Entry("detect", "detect", DETECT, "Run the engine over files, no services needed."),
    Entry("replay", "replay", DETECT, "Send files into a running ingest."),
    Entry("simulate", "simulate", DETECT, "Write a simulated market with labelled abuse to files."),
    Entry("evaluate", "evaluate", DETECT, "Simulate, detect, score: every rule against scenarios and its naive rule."),
    Entry(
        "facts", "facts", DETECT, "Whether the simulated market looks like a market: measured beside published facts."
    ),
    Entry("simulator", "simulator", DETECT, "A running simulator: start, stop, inject, watch what happens."),
    Entry("tune", "tune", DETECT, "What a rule's parameters cost: alerts against recall, and a value proposed."),
    Entry("models", "models", DETECT, "Train and list anomaly models."),
    Entry("rules", "rules", DETECT, "The rules, their parameters and known gaps."),
    Entry("coverage", "coverage", DETECT, "Which rule watches what, with what data, since when; and what is not."),
    Entry("alerts", "alerts", WORK, "List, show and watch alerts."),
    Entry("cases", "cases", WORK, "List, show and watch cases; move them by verbs."),
    Entry("sources", "sources", WORK, "The ledger: what became of every event of every source; the quarantine."),
    Entry("audit", "audit", WORK, "The audit trail: list, sign, export and verify it."),
    Entry("up", "up", OPERATE, "Start the configured services on this machine."),
    Entry("down", "down", OPERATE, "Stop them."),
    Entry("status", "status", OPERATE, "How they are."),
    Entry("fix", "fix", OPERATE, "FIX: sessions, and how their messages become events."),
    Entry("certs", "certs", OPERATE, "Development certificates for mutual TLS."),
    Entry("tokens", "tokens", OPERATE, "Tokens that prove people: a development issuer, what one says."),
    Entry("bench", "bench", OPERATE, "Rates and latencies of this machine."),
)


class Commands(TyperGroup):
    """The commands by name: listed from ENTRIES, loaded when called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for entry in ENTRIES:
            listed = typer.core.TyperCommand(entry.name, help=entry.help, rich_help_panel=entry.panel)
            self.add_command(listed)

    def resolve_command(self, context: Any, arguments: list[str]) -> Any:
        """The real command in place of the listed one."""
        name, listed, rest = super().resolve_command(context, arguments)
        entry = next((each for each in ENTRIES if each.name == name), None)
        return (name, listed, rest) if entry is None else (name, _load(entry), rest)


def _load(entry: Entry) -> Any:
    module = importlib.import_module(f"tapewatch.cli.{entry.module}")
    command = get_command(module.app)
    command.name = entry.name
    command.help = command.help or entry.help
    return command


TokenOption = Annotated[
    str | None,
    typer.Option("--token", metavar="TOKEN", help="Proves you; seen in the list of processes: rather the next."),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="Your token, for you alone to read; or set TAPEWATCH_TOKEN."),
]
app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Tapewatch: market surveillance over order flow and trades.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tapewatch {version('tapewatch')}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
    token: TokenOption = None,
    token_file: TokenFileOption = None,
) -> None:
    """Options before the command."""
    if token is not None or token_file is not None:
        from tapewatch.cli.configured import choose_token

        choose_token(token, token_file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 fine, 1 the work failed, 2 wrong usage, 130 interrupted."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core would write on standard error about every lost peer
    try:
        command = get_command(app)  # in a context of its own: a token chosen for it is not the next one's
        code = copy_context().run(command.main, args=arguments, prog_name="tapewatch", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        return _report_usage(error)
    except typer.Abort:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing more can be said there
        return 1
    except _user_errors() as error:
        message, code = _described(error)
        print(f"tapewatch: {message}", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _report_usage(error: Any) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "tapewatch"
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
    else:
        print(f"{path}: {error.format_message()} (see `{path} --help`)", file=sys.stderr)
    return int(error.exit_code)


def _user_errors() -> tuple[type[Exception], ...]:
    """The errors that users can mend; ours keep their traceback. Imported only when something was raised."""
    from tapewatch.cli.failure import CommandError
    from tapewatch.client.errors import ClientError
    from tapewatch.engine_mode import EngineModeError
    from tapewatch.runtime.errors import StartError
    from tapewatch.runtime.settings_document import SettingsError

    return CommandError, ClientError, EngineModeError, StartError, SettingsError, OSError


def _described(error: Exception) -> tuple[str, int]:
    """The line for the user and the exit code."""
    if getattr(error, "reason", "") == "UNREACHABLE":
        return f"{error} (`tapewatch up` starts the services)", 1
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", 1
    wrong_usage = type(error).__name__ in ("SettingsError", "EngineModeError")
    return str(error), getattr(error, "exit_code", 2 if wrong_usage else 1)


if __name__ == "__main__":
    raise SystemExit(main())
