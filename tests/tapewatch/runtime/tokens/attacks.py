"""Tokens that prove nobody, by what is wrong with them, and the reason they are refused for."""

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from tests.tapewatch.runtime.tokens.fakes import (
    EC,
    ED,
    ISSUER,
    NOW_S,
    RSA,
    STRANGER,
    assembled,
    claims,
    jwk,
    signed,
)


def _with_shared_secret(public: bytes, key_id: str) -> str:
    """HS256 with a public key as the secret: a library that picks the check by the header takes it."""
    unsigned = assembled({"alg": "HS256", "typ": "JWT", "kid": key_id}, claims()).rpartition(".")[0]
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    return assembled(header, claims(), hmac.digest(public, unsigned.encode(), "sha256"))


def _public(key: Any, form: serialization.PublicFormat) -> bytes:
    found: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return found


def _cut(token: str) -> str:
    return token.rpartition(".")[0] + "."


def _swapped(token: str, other: str) -> str:
    """The header and signature of one token around the claims of another."""
    header, _, signature = token.split(".")
    return ".".join((header, other.split(".")[1], signature))


def _nested() -> str:
    deep = base64.urlsafe_b64encode(b"[" * 5_000).decode()
    return f"{deep}.{deep[:8]}.AA"


_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
ATTACKS: Mapping[str, tuple[Callable[[], str], str]] = {
    "bad signature": (lambda: signed()[:-8] + "AAAAAAAA", "TOKEN_SIGNATURE"),
    "no signature": (lambda: _cut(signed()), "TOKEN_SIGNATURE"),
    "claims of another token": (lambda: _swapped(signed(), signed(roles=["admin"])), "TOKEN_SIGNATURE"),
    "signed by a stranger": (
        lambda: jwt.encode(claims(), STRANGER, "EdDSA", {"kid": "ed-1"}),
        "TOKEN_SIGNATURE",
    ),
    "expired": (lambda: signed(iat=NOW_S - 7_200, exp=NOW_S - 31), "TOKEN_EXPIRED"),
    "without an end": (lambda: signed(exp=None), "TOKEN_CLAIM_MISSING"),
    "an end that is no number": (lambda: signed(exp="never"), "TOKEN_EXPIRED"),
    "an end beyond numbers": (lambda: signed(exp=10**400), "TOKEN_EXPIRED"),
    "a life too long": (lambda: signed(exp=NOW_S + 10 * 365 * 86_400), "TOKEN_LIFETIME"),
    "alg none": (lambda: assembled({"alg": "none", "kid": "ed-1"}, claims()), "TOKEN_ALGORITHM"),
    "alg nOnE": (lambda: assembled({"alg": "nOnE", "kid": "ed-1"}, claims()), "TOKEN_ALGORITHM"),
    "no alg": (lambda: assembled({"kid": "ed-1"}, claims()), "TOKEN_ALGORITHM"),
    "alg a list": (lambda: assembled({"alg": ["EdDSA"], "kid": "ed-1"}, claims()), "TOKEN_ALGORITHM"),
    "wrong audience": (lambda: signed(aud="another"), "TOKEN_AUDIENCE"),
    "no audience": (lambda: signed(aud=None), "TOKEN_CLAIM_MISSING"),
    "an audience that only begins so": (lambda: signed(aud="tapewatch-test"), "TOKEN_AUDIENCE"),
    "wrong issuer": (lambda: signed(iss=ISSUER + "/other"), "TOKEN_ISSUER"),
    "no issuer": (lambda: signed(iss=None), "TOKEN_CLAIM_MISSING"),
    "HS256 with the public RSA key": (lambda: _with_shared_secret(_public(RSA, _SPKI), "rsa-1"), "TOKEN_ALGORITHM"),
    "HS256 with the public EC key": (lambda: _with_shared_secret(_public(EC, _SPKI), "ec-1"), "TOKEN_ALGORITHM"),
    "HS256 with the public Ed25519 key": (
        lambda: _with_shared_secret(ED.public_key().public_bytes_raw(), "ed-1"),
        "TOKEN_ALGORITHM",
    ),
    "the algorithm of another key": (
        lambda: jwt.encode(claims(), EC, "ES256", {"kid": "ed-1"}),
        "TOKEN_ALGORITHM",
    ),
    "the key id of another key": (lambda: signed("rsa-1", {"kid": "ec-1"}), "TOKEN_ALGORITHM"),
    "no key id": (lambda: jwt.encode(claims(), ED, "EdDSA"), "TOKEN_KEY_UNKNOWN"),
    "a key id that is a path": (lambda: signed(headers={"kid": "../../../../dev/null"}), "TOKEN_KEY_UNKNOWN"),
    "a key id that is SQL": (lambda: signed(headers={"kid": "x' UNION SELECT 'key"}), "TOKEN_KEY_UNKNOWN"),
    "an unknown key id": (lambda: signed(headers={"kid": "ed-2"}), "TOKEN_KEY_UNKNOWN"),
    "a key id that is no text": (lambda: assembled({"alg": "EdDSA", "kid": 7}, claims()), "TOKEN_MALFORMED"),
    "a key of its own in the header": (
        lambda: jwt.encode(claims(), STRANGER, "EdDSA", {"kid": "mine", "jwk": jwk(STRANGER.public_key(), "mine")}),
        "TOKEN_KEY_UNKNOWN",
    ),
    "an address of keys in the header": (
        lambda: jwt.encode(claims(), STRANGER, "EdDSA", {"kid": "mine", "jku": "https://127.0.0.1:1/keys"}),
        "TOKEN_KEY_UNKNOWN",
    ),
    "a critical extension": (
        lambda: assembled({"alg": "EdDSA", "kid": "ed-1", "crit": ["x"]}, claims()),
        "TOKEN_MALFORMED",
    ),
    "not yet valid": (lambda: signed(nbf=NOW_S + 31), "TOKEN_NOT_YET_VALID"),
    "issued in the future": (lambda: signed(iat=NOW_S + 31), "TOKEN_NOT_YET_VALID"),
    "oversized": (lambda: signed(padding="x" * 9_000), "TOKEN_LONG"),
    "nested too deep": (_nested, "TOKEN_MALFORMED"),
    "without a name": (lambda: signed(sub=None), "TOKEN_NAME"),
    "a name with a line break": (lambda: signed(sub="alice\nbob"), "TOKEN_NAME"),
    "the name of a service": (lambda: signed(sub="detection"), "TOKEN_NAME"),
    "empty": (lambda: "", "TOKEN_MALFORMED"),
    "no token at all": (lambda: "../../etc/passwd", "TOKEN_MALFORMED"),
    "five parts": (lambda: "a.b.c.d.e", "TOKEN_MALFORMED"),
}
