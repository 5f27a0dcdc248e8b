"""`tapewatch tokens`: a development issuer, and what a token says."""

import time
from pathlib import Path
from typing import Annotated

import jwt
import typer

from tapewatch.cli.configured import ConfigOption, JsonOption, security_of
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import harmless, print_json, print_lines, time_text
from tapewatch.runtime.durable import write_private
from tapewatch.runtime.settings import TokenSettings
from tapewatch.runtime.tokens.issuing import (
    AUDIENCE,
    ISSUER,
    KEY_ALGORITHMS,
    KEYS_FILE,
    granted,
    init_keys,
    issue,
    key_ids,
    retire_key,
    rotate_keys,
)
from tapewatch.runtime.tokens.shown import token_source

NANOSECONDS = 1_000_000_000
app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Tokens that prove people: a development issuer, what one says."
)

DirectoryOption = Annotated[Path, typer.Option("--directory", metavar="DIR", help="Where the issuer's keys are.")]
AlgorithmOption = Annotated[str, typer.Option("--algorithm", help=f"One of {', '.join(KEY_ALGORITHMS)}.")]
DIRECTORY = Path("tokens")


@app.command("init")
def init(directory: DirectoryOption = DIRECTORY, algorithm: AlgorithmOption = "EdDSA") -> None:
    """Make a key to sign tokens with; what exists is kept."""
    key_id = init_keys(directory, algorithm)
    typer.echo(f"{directory}: key {key_id}" if key_id else f"{directory}: a key was there; `rotate` makes another")
    typer.echo(f"settings: security.tokens: {{issuer: {ISSUER}, keys: {directory / KEYS_FILE}}}")


@app.command("rotate")
def rotate(directory: DirectoryOption = DIRECTORY, algorithm: AlgorithmOption = "EdDSA") -> None:
    """Make a new key that signs from now on; tokens of the older ones still count until `retire`."""
    typer.echo(f"{directory}: key {rotate_keys(directory, algorithm)} signs now")


@app.command("retire")
def retire(
    key_id: Annotated[str, typer.Argument(help="The key, by its id.")], directory: DirectoryOption = DIRECTORY
) -> None:
    """Take a key away: tokens signed with it count no more."""
    retire_key(directory, key_id)
    typer.echo(f"{directory}: key {key_id} is gone; running services see it at once")


@app.command("keys")
def keys(directory: DirectoryOption = DIRECTORY, as_json: JsonOption = False) -> None:
    """List the keys; the first signs."""
    found = key_ids(directory)
    if as_json:
        print_json({"directory": str(directory), "keys": found})
    else:
        typer.echo("\n".join(found))


@app.command("issue")
def issue_token(
    name: Annotated[str, typer.Argument(help="Who: the actor in the audit trail.")],
    roles: Annotated[list[str], typer.Option("--role", help="viewer, analyst, supervisor, admin; may be repeated.")],
    desks: Annotated[
        list[str] | None, typer.Option("--desk", help="Sees the cases of this desk only; may be repeated.")
    ] = None,
    hours: Annotated[float, typer.Option("--hours", help="How long it counts.")] = 8.0,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there, readable by you.")] = None,
    directory: DirectoryOption = DIRECTORY,
    config: ConfigOption = None,
) -> None:
    """Issue a token; printed, or written to a file that `--token-file` takes."""
    wanted = security_of(config).tokens or TokenSettings(issuer=ISSUER, audience=AUDIENCE, keys=directory / KEYS_FILE)
    token = issue(directory, granted(name, roles, desks or [], hours), time.time(), wanted.issuer, wanted.audience)
    if out is None:
        typer.echo(token)
        return
    write_private(out, token.encode() + b"\n")
    typer.echo(f"{out}: a token for {harmless(name)}, {', '.join(sorted(set(roles)))}, {hours:g} h")


@app.command("show")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What the token says that commands would show now; never the token itself."""
    source = token_source(security_of(config))
    if source is None:
        raise CommandError("expected a token (--token-file FILE, TAPEWATCH_TOKEN, security.token_file), found none")
    try:
        claims = jwt.decode(source(), options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise CommandError("expected a signed token (JWT), found something else") from error
    if as_json:
        print_json(claims)
        return
    for claim in ("iat", "nbf", "exp"):
        if isinstance(claims.get(claim), int):
            claims[claim] = time_text(claims[claim] * NANOSECONDS)
    print_lines(*((name, harmless(str(value))) for name, value in claims.items()))
