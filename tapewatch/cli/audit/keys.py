"""`tapewatch audit keys`: the pair of keys that the audit trail is signed and verified with."""

from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.failure import CommandError

DEFAULT = Path("tapewatch-data/keys/audit.pem")
app = typer.Typer(add_completion=False, no_args_is_help=True, help="The keys of the audit trail.")


@app.callback()
def keys() -> None:
    """The keys of the audit trail."""


@app.command("init")
def init(
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Where the private key goes.")] = DEFAULT,
) -> None:
    """Make a private key for `cases.audit.key`, and the public key that everybody may have."""
    from case_service.auditing.checkpoint import key_id_of
    from case_service.auditing.keys import PUBLIC_SUFFIX, make_keys

    try:
        key_id = key_id_of(make_keys(key))
    except FileExistsError as error:
        raise CommandError(
            f"--key: expected no file yet, found {key}, whose signatures need it: name another"
        ) from error
    except OSError as error:
        raise CommandError(f"--key: expected a place to write to, found {key}: {error.strerror}") from error
    typer.echo(f"key {key_id}")
    typer.echo(f"  {key}: for the service (`cases.audit.key`); keep a copy in a safe")
    typer.echo(f"  {key}{PUBLIC_SUFFIX}: for whoever verifies, by another way than the exports")
