"""Who calls: what a servicer knows of the other side of a call.

`Guard` (runtime/guard.py) proves it before the handler runs; `caller_of` hands it to the handler.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any

import grpc.aio

from tapewatch.runtime.errors import InvalidArgument

__all__ = ["ANYONE", "Caller", "Role", "acting", "caller_of", "calling", "current_caller"]


class Role(Enum):
    """What someone may do; which methods each may call is in runtime/roles.py."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """The other side of a call.

    `name`: the subject of the token, else the common name of the certificate, else empty (local mode without tokens,
    where the request's `actor` says who acts). `desks`: the desks whose cases and alerts it may see; None is all.
    `channel`: the common name of the certificate of the connection, empty without one. `expires_s`: when the proof
    ends, seconds since the Unix epoch; None is never.
    """

    name: str
    roles: frozenset[Role]
    desks: frozenset[str] | None
    channel: str = ""
    expires_s: float | None = None

    @property
    def known(self) -> bool:
        """Whether it proved who it is; one who did not (local mode) may do and see everything."""
        return bool(self.name)

    def may(self, *roles: Role) -> bool:
        """Whether it has one of the roles."""
        return not self.roles.isdisjoint(roles)


ANYONE = Caller("", frozenset(Role), None)
"""Local mode without tokens: whoever reaches loopback."""

_current: ContextVar[Caller] = ContextVar("tapewatch_caller")


def caller_of(context: "grpc.aio.ServicerContext[Any, Any]") -> Caller:
    """Who makes the call of a context; ask inside its handler.

    RuntimeError where no guard ran: a handler outside a Tapewatch server must not take silence for permission.
    """
    caller = _current.get(None)
    if caller is None:
        raise RuntimeError("no guard has looked at this call: serve it with tapewatch.runtime.service")
    return caller


def current_caller() -> Caller | None:
    """Who makes the call that this work is part of; None in work of the service's own."""
    return _current.get(None)


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Handle a call as this caller's: what runs inside, tasks started inside too, sees it by `caller_of`."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)


def acting(caller: Caller, said: str) -> str:
    """Who acts: the caller where it is known, else who the request's field `actor` says.

    Raises InvalidArgument when a known caller says it is someone else.
    """
    if not caller.known:
        return said
    if said.strip() not in ("", caller.name):
        raise InvalidArgument(
            "ACTOR_NOT_CALLER",
            f"actor: expected {caller.name!r}, whom the call proves, or nothing, found {said[:80]!r}; leave it out",
            field="actor",
        )
    return caller.name
