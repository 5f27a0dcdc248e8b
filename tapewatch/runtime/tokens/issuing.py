"""A development issuer of tokens: keys in a directory, no service. People of a production have an OIDC issuer.

The directory holds `jwks.json`, the public keys (what services read), and one private key a key id, `KID.pem`, for its
owner alone. The first key of `jwks.json` signs; the others still count until they are retired.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from tapewatch.runtime.access import Role
from tapewatch.runtime.durable import write_private
from tapewatch.runtime.settings import SettingsError
from tapewatch.runtime.tokens.keys import KeysError, parse_keys
from tapewatch.runtime.tokens.verification import EVERY_DESK

ISSUER = "tapewatch-development"
AUDIENCE = "tapewatch"
KEY_ALGORITHMS = ("ES256", "EdDSA")
KEYS_FILE = "jwks.json"
_Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: who, with which roles, for which desks (none: no case; `*`: all), and for how long."""

    name: str
    roles: frozenset[Role]
    desks: frozenset[str]
    lifetime_s: int


def init_keys(directory: Path, algorithm: str) -> str | None:
    """Make the first key and return its id; None where keys are there already. SettingsError for another algorithm."""
    if (directory / KEYS_FILE).exists():
        _listed(directory)
        return None
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _add_key(directory, algorithm, [])


def rotate_keys(directory: Path, algorithm: str) -> str:
    """Make a new key that signs from now on, and return its id; tokens of the older keys still count."""
    return _add_key(directory, algorithm, _listed(directory))


def retire_key(directory: Path, key_id: str) -> None:
    """Take a key away: its tokens count no more. SettingsError for an unknown id, and for the key that signs."""
    listed = _listed(directory)
    if key_id not in [each["kid"] for each in listed[1:]]:
        others = ", ".join(each["kid"] for each in listed[1:]) or "none"
        raise SettingsError(
            f"expected a key that does not sign ({others}), found {key_id!r}; `tapewatch tokens rotate` makes another "
            "sign first"
        )
    _write_keys(directory, [each for each in listed if each["kid"] != key_id])
    (directory / f"{key_id}.pem").unlink(missing_ok=True)


def key_ids(directory: Path) -> list[str]:
    """The ids of the keys; the first signs."""
    return [each["kid"] for each in _listed(directory)]


def issue(directory: Path, grant: Grant, now_s: float, issuer: str = ISSUER, audience: str = AUDIENCE) -> str:
    """A signed token; SettingsError where the directory has no key to sign with."""
    public = _listed(directory)[0]
    path = directory / f"{public['kid']}.pem"
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: expected the private key that signs, found: {error}") from error
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": grant.name,
        "roles": sorted(role.value for role in grant.roles),
        "desks": sorted(grant.desks),
        "iat": int(now_s),
        "exp": int(now_s) + grant.lifetime_s,
    }
    return jwt.encode(claims, private, algorithm=public["alg"], headers={"kid": public["kid"]})  # type: ignore[arg-type] # one of _Private


def granted(name: str, roles: Iterable[str], desks: Iterable[str], hours: float) -> Grant:
    """A grant from texts; no desk is every desk. SettingsError for an unknown role, a bad name or time."""
    known = {role.value: role for role in Role}
    unknown = sorted(set(roles) - known.keys())
    if unknown or not set(roles):
        raise SettingsError(
            f"expected one or more of the roles {', '.join(known)}, found {', '.join(unknown) or 'none'}"
        )
    if not name.strip() or not name.isprintable():
        raise SettingsError(f"expected a printable name, found {name!r}")
    if hours <= 0:
        raise SettingsError(f"expected a life of more than 0 hours, found {hours:g}")
    of_desks = frozenset(desks) or frozenset({EVERY_DESK})
    return Grant(name, frozenset(known[each] for each in roles), of_desks, round(hours * 3_600))


def _add_key(directory: Path, algorithm: str, listed: list[dict[str, Any]]) -> str:
    private, public = _new_key(algorithm)
    key_id = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()[:16]
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(directory / f"{key_id}.pem", pem)
    _write_keys(directory, [{**public, "kid": key_id, "use": "sig", "alg": algorithm}, *listed])
    return key_id


def _new_key(algorithm: str) -> tuple[_Private, dict[str, Any]]:
    if algorithm == "ES256":
        curve = ec.generate_private_key(ec.SECP256R1())
        return curve, dict(ECAlgorithm.to_jwk(curve.public_key(), as_dict=True))
    if algorithm == "EdDSA":
        edwards = ed25519.Ed25519PrivateKey.generate()
        return edwards, dict(OKPAlgorithm.to_jwk(edwards.public_key(), as_dict=True))
    raise SettingsError(f"expected one of the algorithms {', '.join(KEY_ALGORITHMS)}, found {algorithm!r}")


def _write_keys(directory: Path, listed: list[dict[str, Any]]) -> None:
    path = directory / KEYS_FILE
    write_private(path, (json.dumps({"keys": listed}, indent=2) + "\n").encode())
    path.chmod(0o644)


def _listed(directory: Path) -> list[dict[str, Any]]:
    path = directory / KEYS_FILE
    try:
        text = path.read_bytes()
        if not parse_keys(text):
            raise KeysError("expected a key, found none")
    except (OSError, KeysError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{path}: {said}; `tapewatch tokens init` makes the first key") from error
    listed: list[dict[str, Any]] = json.loads(text)["keys"]
    return listed
