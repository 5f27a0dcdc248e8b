"""`tapewatch down`: stop what `tapewatch up` started."""

import typer

from tapewatch.cli.processes import forget_process, recorded_processes, stop_process
from tapewatch.cli.stack import run_directory_for
from tapewatch.cli.stack_record import SUPERVISOR, forget_services, running_supervisor
from tapewatch.cli.supervisor import STOP_TIMEOUT_S
from tapewatch.cli.up import DirectoryOption

app = typer.Typer(add_completion=False)
SUPERVISOR_TIMEOUT_S = 6 * STOP_TIMEOUT_S
"""The supervisor stops its services one after the other."""


@app.command()
def down(directory: DirectoryOption = None) -> None:
    """Stop the services: SIGTERM, a bounded wait, then SIGKILL. Only processes `up` started are touched."""
    run_directory = run_directory_for(directory)
    stopped = False
    supervisor = running_supervisor(run_directory)
    if supervisor is not None:
        stopped = True
        if not stop_process(supervisor, SUPERVISOR_TIMEOUT_S):
            typer.echo("supervisor: killed, it did not stop in time", err=True)
    for record in recorded_processes(run_directory):  # left by a supervisor that was killed
        stopped = True
        if not stop_process(record, STOP_TIMEOUT_S):
            typer.echo(f"{record.name}: killed, it did not stop in time", err=True)
        forget_process(run_directory, record.name)
    forget_process(run_directory, SUPERVISOR)
    forget_services(run_directory)
    typer.echo("stopped" if stopped else f"nothing runs from {run_directory}")
