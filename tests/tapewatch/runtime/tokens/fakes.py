"""An issuer of tokens in memory, good ones and bad ones, with a clock that stands still."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tapewatch.runtime.settings import TokenSettings
from tapewatch.runtime.tokens.keys import parse_keys
from tapewatch.runtime.tokens.verification import TokenVerifier

NOW_S = 1_800_000_000
ISSUER, AUDIENCE = "https://issuer.test/realm", "tapewatch"
RSA, EC, ED = (
    rsa.generate_private_key(65_537, 2_048),
    ec.generate_private_key(ec.SECP256R1()),
    (ed25519.Ed25519PrivateKey.generate()),
)
STRANGER = ed25519.Ed25519PrivateKey.generate()
PRIVATE: Mapping[str, tuple[str, Any]] = {"rsa-1": ("RS256", RSA), "ec-1": ("ES256", EC), "ed-1": ("EdDSA", ED)}
SETTINGS = TokenSettings(issuer=ISSUER)


def jwk(key: Any, key_id: str, **others: str) -> dict[str, Any]:
    """A public key as a JWKS lists it."""
    kinds: Any = {rsa.RSAPublicKey: RSAAlgorithm, ec.EllipticCurvePublicKey: ECAlgorithm}
    found = next((each for kind, each in kinds.items() if isinstance(key, kind)), OKPAlgorithm)
    return {**found.to_jwk(key, as_dict=True), "kid": key_id, **others}


def jwks(*keys: dict[str, Any]) -> bytes:
    """A JWKS document."""
    return json.dumps({"keys": keys}).encode()


KEYS_DOCUMENT = jwks(*(jwk(private.public_key(), key_id) for key_id, (_, private) in PRIVATE.items()))


class HeldKeys:
    """A source that has the issuer's keys in memory."""

    def __init__(self, document: bytes = KEYS_DOCUMENT) -> None:
        self.keys = parse_keys(document)

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        return self.keys.get(key_id)


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good token, with some changed; None takes one away."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "roles": ["analyst"],
        "desks": ["*"],
        "iat": NOW_S,
        "exp": NOW_S + 600,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(key_id: str = "ed-1", headers: Mapping[str, Any] | None = None, **changed: Any) -> str:
    """A token signed with one of the issuer's keys."""
    algorithm, private = PRIVATE[key_id]
    return jwt.encode(claims(**changed), private, algorithm, {"kid": key_id, **(headers or {})})


def assembled(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, as an attacker does."""
    return ".".join(_part(each) for each in (json.dumps(header).encode(), json.dumps(payload).encode(), signature))


def verifier(clock: Clock | None = None, keys: HeldKeys | None = None, **settings: Any) -> TokenVerifier:
    """A verifier of the issuer's tokens."""
    return TokenVerifier(TokenSettings(issuer=ISSUER, **settings), keys or HeldKeys(), clock or Clock())


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
