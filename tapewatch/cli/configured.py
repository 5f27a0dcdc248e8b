"""Where the services are and how to prove oneself, from the settings file, the environment and the command line."""

import getpass
import os
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ConfigDict, SecretStr

from tapewatch.cli.failure import WrongUsageError
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.settings import Section, load_settings

DEFAULT_ADDRESSES: Mapping[str, str] = {
    "ingest": "127.0.0.1:50051",
    "detection": "127.0.0.1:50052",
    "cases": "127.0.0.1:50053",
    "simulator": "127.0.0.1:50054",
    "fix": "127.0.0.1:50055",
}

TOKEN_VARIABLE = "TAPEWATCH_TOKEN"
_TOKEN_VARIABLES = (TOKEN_VARIABLE, "TAPEWATCH__SECURITY__TOKEN", "TAPEWATCH__SECURITY__TOKEN_FILE")
_chosen: ContextVar[tuple[str | None, Path | None]] = ContextVar("token_chosen", default=(None, None))

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file; defaults without it.")
]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="HOST:PORT", help="The service; by default where the settings say.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class _Listening(Section):
    """The one key of a service's section that its clients need; the FIX gateway's `listen` is for FIX."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    listen: str | None = None
    status_listen: str | None = None


def address_of(section: str, config: Path | None, target: str | None = None) -> str:
    """HOST:PORT of a service: the command line's, else the settings', else the default."""
    if target is not None:
        try:
            return str(Address.parse(target))
        except ValueError as error:
            raise WrongUsageError(f"--target: {error}") from error
    listening = load_settings(section, _Listening, config, os.environ)
    listen = listening.status_listen if section == "fix" else listening.listen
    return _reachable(listen or DEFAULT_ADDRESSES[section])


def _reachable(listen: str) -> str:
    """A wildcard address is reached over loopback."""
    try:
        address = Address.parse(listen)
    except ValueError:
        return listen  # the service refuses it with file and line
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
    return str(Address(host, address.port))


def choose_token(token: str | None, token_file: Path | None) -> None:
    """Take the token from the command line; it is for this command and those it runs inside this process."""
    if token is not None and token_file is not None:
        raise WrongUsageError("expected --token or --token-file, found both")
    _chosen.set((token, token_file))


def default_actor() -> str:
    """Who acts where nobody says: this machine's user; nobody where a token says who it is."""
    shows_token = any(_chosen.get()) or any(os.environ.get(name) for name in _TOKEN_VARIABLES)
    return "" if shows_token else getpass.getuser()


def security_of(config: Path | None) -> SecuritySettings:
    """How services prove themselves, and the token to show.

    The token is the command line's, else that in the variable TAPEWATCH_TOKEN, else the settings'.
    """
    settings = load_settings("security", SecuritySettings, config, os.environ)
    token, token_file = _chosen.get()
    token = token or (None if token_file else os.environ.get(TOKEN_VARIABLE))
    if token is not None:
        return settings.model_copy(update={"token": SecretStr(token), "token_file": None})
    if token_file is not None:
        return settings.model_copy(update={"token": None, "token_file": token_file})
    return settings
