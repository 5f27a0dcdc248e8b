"""The door of a service: each call proves who makes it and is checked against the table of roles before it runs.

Deny by default: where callers are known (certificates, tokens), a method without a row is nobody's. Local mode without
tokens knows no callers and lets everyone in who reaches loopback.
"""

import dataclasses
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import grpc.aio
import structlog
from prometheus_client import CollectorRegistry, Counter

from tapewatch.runtime.access import ANYONE, Caller, Role
from tapewatch.runtime.errors import PermissionDenied, ServiceError, Unauthenticated
from tapewatch.runtime.rates import Rates
from tapewatch.runtime.roles import ROLES, WITHOUT_PROOF
from tapewatch.runtime.security import caller_name
from tapewatch.runtime.settings import SecuritySettings
from tapewatch.runtime.tokens.verification import TokenVerifier

TOKEN_KEY = "authorization"
SCHEME = "bearer "

_log = structlog.get_logger(__name__)
_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Verifier(Protocol):
    """Tells whom a token stands for."""

    async def caller(self, token: str) -> Caller:
        """The caller a token proves; Unauthenticated says why it does not."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A known caller that may not do what it asked."""

    caller: Caller
    method: str
    reason: str


class Guard:
    """Admits calls to one service; `roles` is the table, a row a method."""

    def __init__(
        self,
        security: SecuritySettings,
        registry: CollectorRegistry,
        verifier: Verifier | None = None,
        roles: Mapping[str, frozenset[Role]] = ROLES,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self.on_refused: Callable[[Refusal], Awaitable[None]] | None = None
        self._services = frozenset(security.services) if security.mode == "mtls" else frozenset()
        if verifier is None and security.tokens is not None:
            verifier = TokenVerifier(security.tokens)
        self._verifier = verifier
        self._roles = roles
        self._clock_s = clock_s
        self._rates = Rates(security.rate)
        self._knows_callers = security.mode == "mtls" or verifier is not None
        self._refused = Counter(
            "tapewatch_access_refused", "Calls refused at the door, by reason.", ["method", "reason"], registry=registry
        )

    async def admit(self, method: str, context: _Context) -> Caller:
        """Who makes the call; Unauthenticated, PermissionDenied or ResourceExhausted where it may not be made."""
        if not self._knows_callers:
            return ANYONE
        caller = None
        try:
            caller = await self._proved(method, context)
            if caller.known:
                self._rates.take(caller)
            self._check_role(method, caller)
        except ServiceError as error:
            self._refused.labels(method, error.reason).inc()
            name, channel = (caller.name, caller.channel) if caller else ("", caller_name(context))
            _log.warning("call refused", method=method, reason=error.reason, caller=name, channel=channel)
            if caller is not None and isinstance(error, PermissionDenied) and self.on_refused is not None:
                await self.on_refused(Refusal(caller, method, error.reason))
            raise
        return caller

    def left_s(self, caller: Caller) -> float | None:
        """Seconds until the caller's proof ends; None is never."""
        return None if caller.expires_s is None else max(0.0, caller.expires_s - self._clock_s())

    async def _proved(self, method: str, context: _Context) -> Caller:
        channel = caller_name(context)
        token = _token(context)
        if token is not None and self._verifier is not None:
            return dataclasses.replace(await self._verifier.caller(token), channel=channel)
        if channel in self._services:
            return Caller(channel, frozenset({Role.SERVICE}), None, channel)
        if method in WITHOUT_PROOF:
            return Caller("", frozenset(Role), frozenset(), channel)
        raise Unauthenticated("NO_TOKEN", _no_token(channel, self._verifier is not None))

    def _check_role(self, method: str, caller: Caller) -> None:
        allowed = self._roles.get(method, frozenset())
        if not caller.may(*allowed):
            wanted = ", ".join(sorted(role.value for role in allowed)) or "nobody: the method has no row in the table"
            held = ", ".join(sorted(role.value for role in caller.roles)) or "none"
            raise PermissionDenied(
                "ROLE_MISSING",
                f"{method}: expected one of the roles {wanted}, found {held} of {caller.name!r}; ask an administrator",
                method=method,
            )


def _token(context: _Context) -> str | None:
    """The token of the call's metadata, if any; Unauthenticated where there are several or it is of another scheme."""
    found = [value for key, value in context.invocation_metadata() or () if key == TOKEN_KEY]
    if not found:
        return None
    text = found[0] if isinstance(found[0], str) else found[0].decode("latin-1")
    if len(found) > 1 or not text.lower().startswith(SCHEME):
        raise Unauthenticated(
            "TOKEN_MALFORMED", f"{TOKEN_KEY}: expected one value `Bearer TOKEN`, found {len(found)} of another form"
        )
    return text[len(SCHEME) :].strip()


def _no_token(channel: str, takes_tokens: bool) -> str:
    where = f"the certificate of {channel!r}" if channel else "no certificate"
    advice = (
        "show a token (`tapewatch --token-file FILE`, TAPEWATCH_TOKEN)"
        if takes_tokens
        else "set security.tokens so that people can show tokens, or name the service in security.services"
    )
    return f"expected a token or the certificate of a service, found {where} alone; {advice}"
