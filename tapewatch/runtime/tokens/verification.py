"""Checks a token and says whom it stands for."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from tapewatch.runtime.access import Caller, Role
from tapewatch.runtime.errors import Unauthenticated
from tapewatch.runtime.settings import SERVICE_NAMES, TokenSettings
from tapewatch.runtime.tokens.keys import ALGORITHMS, KeySource, key_source

TOKEN_CHARACTERS_MAX = 8_192
NAME_CHARACTERS_MAX = 200
LISTED_MAX = 1_000
TOKENS_KEPT = 4_096
"""Checked tokens are remembered by their hash until they end, so that a signature is computed once."""
SECONDS_MAX = 2**53
EVERY_DESK = "*"
_DECODING: Any = {
    "require": ["exp", "iss", "aud"],
    "verify_exp": False,  # the times are checked below, by a clock that tests can set
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
}


class TokenVerifier:
    """Checks tokens by the settings; `clock_s` is seconds since the Unix epoch."""

    def __init__(
        self, settings: TokenSettings, keys: KeySource | None = None, clock_s: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._keys = keys or key_source(settings)
        self._clock_s = clock_s
        self._roles = {name: role for role in Role for name in settings.roles.get(role.value, [role.value])}
        self._checked: OrderedDict[bytes, tuple[jwt.PyJWK, Mapping[str, Any], Caller]] = OrderedDict()

    async def caller(self, token: str) -> Caller:
        """Whom the token stands for; Unauthenticated with a reason that begins with TOKEN_ where it stands for nobody.

        Unavailable while the issuer's keys cannot be had.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise _refused("LONG", f"at most {TOKEN_CHARACTERS_MAX} characters", f"{len(token)}")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._checked.get(digest)
        key_id, algorithm = (str(known[0].key_id), known[0].algorithm_name) if known else _signed_by(token)
        key = await self._keys.find(key_id)
        if key is None:
            raise _refused("KEY_UNKNOWN", "a key of the issuer", repr(key_id[:80]))
        if known is None or known[0] is not key:
            claims = self._claims(token, key, algorithm)
            known = key, claims, self._caller(claims)
        self._check_times(known[1])
        self._remember(digest, known)
        return known[2]

    def _claims(self, token: str, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
        if key.algorithm_name != algorithm:
            raise _refused("ALGORITHM", f"the algorithm of the key, {key.algorithm_name}", repr(algorithm))
        wanted = self._settings
        try:
            return jwt.decode(
                token, key, [algorithm], audience=wanted.audience, issuer=wanted.issuer, options=_DECODING
            )
        except jwt.InvalidSignatureError as error:
            raise _refused("SIGNATURE", "a signature of the issuer", "another") from error
        except jwt.InvalidAudienceError as error:
            raise _refused("AUDIENCE", f"the audience {wanted.audience!r}", "another") from error
        except jwt.InvalidIssuerError as error:
            raise _refused("ISSUER", f"the issuer {wanted.issuer!r}", "another") from error
        except jwt.MissingRequiredClaimError as error:
            raise _refused("CLAIM_MISSING", f"the claim {error.claim!r}", "none") from error
        except (jwt.PyJWTError, RecursionError) as error:
            raise _refused("MALFORMED", "a signed token (JWT)", "something else") from error

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now_s, leeway_s = self._clock_s(), self._settings.leeway_s
        ends_s = _seconds(claims, "exp")
        lifetime_max_s = self._settings.lifetime_max_hours * 3_600
        if ends_s is None or now_s >= ends_s + leeway_s:
            raise _refused("EXPIRED", "a token that has not ended", "one that has; get a new one")
        if ends_s - now_s > lifetime_max_s + leeway_s:
            raise _refused("LIFETIME", f"one that ends within {self._settings.lifetime_max_hours} hours", "a later end")
        for claim in ("nbf", "iat"):
            begins_s = _seconds(claims, claim, absent=now_s)
            if begins_s is None or begins_s > now_s + leeway_s:
                raise _refused("NOT_YET_VALID", f"a token that has begun ({claim})", "one that begins later")

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        name = claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
            raise _refused("NAME", f"a printable name in {self._settings.name_claim!r}", "none")
        listed = _listed(claims, self._settings.roles_claim)
        roles = frozenset(self._roles[each] for each in listed if each in self._roles)
        if name.strip() != name or (name in SERVICE_NAMES and Role.SERVICE not in roles):
            raise _refused("NAME", "a person's name", f"{name!r}, which could be taken for another")
        desks = _listed(claims, self._settings.desks_claim)
        every = EVERY_DESK in desks or roles == {Role.SERVICE}
        return Caller(name, roles, None if every else frozenset(desks), expires_s=_seconds(claims, "exp"))

    def _remember(self, digest: bytes, checked: tuple[jwt.PyJWK, Mapping[str, Any], Caller]) -> None:
        self._checked[digest] = checked
        self._checked.move_to_end(digest)
        if len(self._checked) > TOKENS_KEPT:
            self._checked.popitem(last=False)


def _signed_by(token: str) -> tuple[str, str]:
    """The key id and the algorithm a token names; neither is trusted further than to look the key up."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as error:
        raise _refused("MALFORMED", "a signed token (JWT)", "something else") from error
    if "crit" in header:
        raise _refused("MALFORMED", "no critical extensions (crit)", "some")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _refused("ALGORITHM", f"one of {', '.join(ALGORITHMS)}", repr(algorithm)[:80])
    if not isinstance(key_id, str):
        raise _refused("KEY_UNKNOWN", "the id of its key (kid)", "none")
    return key_id, str(algorithm)


def _seconds(claims: Mapping[str, Any], name: str, absent: float | None = None) -> float | None:
    """A time of the claims; `absent` where there is none, None where it is no number."""
    found = claims.get(name, absent)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and abs(found) <= SECONDS_MAX else None


def _listed(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts under a dotted path: a list, or one text with spaces between; none for anything else."""
    found: Any = claims
    if path in claims:
        found = claims[path]
    else:
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        found = found.split()
    return [each for each in found[:LISTED_MAX] if isinstance(each, str)] if isinstance(found, list) else []


def _refused(reason: str, expected: str, found: str) -> Unauthenticated:
    return Unauthenticated(f"TOKEN_{reason}", f"token: expected {expected}, found {found}")
