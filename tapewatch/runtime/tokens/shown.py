"""The token a client shows: given as text, or read from a file that only its owner may read."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import grpc
import grpc.aio

from tapewatch.runtime.settings import SecuritySettings, SettingsError
from tapewatch.runtime.tokens.verification import TOKEN_CHARACTERS_MAX

KEY = "authorization"
TokenSource = Callable[[], str]


def token_source(security: SecuritySettings) -> TokenSource | None:
    """Reads the token to show at each call, so that a renewed file is taken; None where none is set.

    The first reading is done here: SettingsError says what is wrong with the file.
    """
    if security.token is not None:
        text = checked_token(security.token.get_secret_value(), "security.token")
        return lambda: text
    if security.token_file is None:
        return None
    path = security.token_file
    read_token(path)
    return lambda: read_token(path)


def read_token(path: Path) -> str:
    """The token in a file; SettingsError where it cannot be read, others may read it, or it is no token."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            text = file.read(TOKEN_CHARACTERS_MAX + 2)
    except OSError as error:
        raise SettingsError(
            f"token file {path}: {error.strerror}; `tapewatch tokens issue NAME --out {path}` makes one"
        ) from error
    if mode & 0o077:
        raise SettingsError(
            f"token file {path}: expected a file that only its owner may read (0600), found {mode:04o}; whoever else "
            f"read it can act in your name: get a new token, and `chmod 600 {path}`"
        )
    return checked_token(text, f"token file {path}")


def checked_token(text: str, place: str) -> str:
    """The text without the spaces around it; SettingsError (which does not repeat it) where it can be no token."""
    token = text.strip()
    if token.count(".") != 2 or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            f"{place}: expected a signed token (JWT: three parts with dots between), found another text"
        )
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise SettingsError(f"{place}: expected a token of at most {TOKEN_CHARACTERS_MAX} characters, found more")
    return token


class TokenChannel(grpc.aio.Channel):
    """A channel whose every call shows the token.

    Not interceptors: those take a stream's writes through a queue of their own and hide why it broke.
    """

    def __init__(self, channel: grpc.aio.Channel, source: TokenSource) -> None:
        self._channel = channel
        self._source = source

    async def __aenter__(self) -> Self:
        await self._channel.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self._channel.__aexit__(*failure)

    async def close(self, grace: float | None = None) -> None:
        """Close the channel behind it."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """The state of the channel behind it."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait for the channel behind it."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait for the channel behind it."""
        await self._channel.channel_ready()

    def unary_unary(self, *method: Any, **serialisers: Any) -> Any:
        """One request, one response."""
        return self._showing(self._channel.unary_unary(*method, **serialisers))

    def unary_stream(self, *method: Any, **serialisers: Any) -> Any:
        """One request, many responses."""
        return self._showing(self._channel.unary_stream(*method, **serialisers))

    def stream_unary(self, *method: Any, **serialisers: Any) -> Any:
        """Many requests, one response."""
        return self._showing(self._channel.stream_unary(*method, **serialisers))

    def stream_stream(self, *method: Any, **serialisers: Any) -> Any:
        """Many requests, many responses."""
        return self._showing(self._channel.stream_stream(*method, **serialisers))

    def _showing(self, invoke: Callable[..., Any]) -> Callable[..., Any]:
        def call(*request: Any, **options: Any) -> Any:
            shown = (KEY, f"Bearer {self._source()}")
            options["metadata"] = (*(options.get("metadata") or ()), shown)
            return invoke(*request, **options)

        return call
