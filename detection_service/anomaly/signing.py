"""Who vouches for a model: Ed25519 signatures, keys in PEM files, and which keys a detection trusts."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PURPOSE: Final = b"tapewatch anomaly model\n"
FINGERPRINT_CHARACTERS: Final = 16
Signature = Mapping[str, Any]


class SignatureError(ValueError):
    """A key or signature is missing, damaged or not trusted; says what was expected and found."""


def make_key(path: Path) -> Path:
    """Writes a new private key, for its owner's eyes only, and its public one beside (`.pub`), whose path it returns.

    Raises FileExistsError where either is there.
    """
    private = Ed25519PrivateKey.generate()
    beside = path.with_name(f"{path.name}.pub")
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(beside, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    _write(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return beside


def sign(model_id: str, key: Path) -> dict[str, str]:
    """The signature of a model's id by the private key in a file. Raises SignatureError, OSError."""
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{key}: expected an Ed25519 private key in PEM without a password: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SignatureError(f"{key}: expected an Ed25519 private key, found {type(private).__name__}")
    value = private.sign(PURPOSE + model_id.encode())
    return {"key": fingerprint(private.public_key()), "value": base64.b64encode(value).decode()}


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a file. Raises SignatureError, OSError."""
    try:
        public = load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{path}: expected an Ed25519 public key in PEM: {error}") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SignatureError(f"{path}: expected an Ed25519 public key, found {type(public).__name__}")
    return public


def fingerprint(public: Ed25519PublicKey) -> str:
    """A public key's name: the beginning of its SHA-256."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:FINGERPRINT_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys (raw, 32 bytes each) whose models are taken; without any, unsigned models are taken too."""

    keys: tuple[bytes, ...] = ()

    @staticmethod
    def in_files(paths: Iterable[Path]) -> Trust:
        """The keys in some files. Raises SignatureError, OSError."""
        return Trust(tuple(read_public_key(path).public_bytes_raw() for path in paths))

    def check(self, model_id: str, signature: Signature | None) -> str:
        """Fingerprint of the trusted key that signed a model; empty for one that need not be signed.

        Raises SignatureError where a signature is damaged, or is demanded and none of a trusted key.
        """
        if not self.keys:
            return ""
        keys = {fingerprint(key): key for key in map(Ed25519PublicKey.from_public_bytes, self.keys)}
        names = ", ".join(sorted(keys))
        if signature is None:
            raise SignatureError(f"expected a model signed by {names}, found none: `tapewatch models sign` signs one")
        name = str(signature.get("key"))
        if name not in keys:
            raise SignatureError(f"expected a model signed by {names}, found one signed by {name}")
        _verify(keys[name], model_id, signature)
        return name


def _verify(key: Ed25519PublicKey, model_id: str, signature: Signature) -> None:
    try:
        key.verify(base64.b64decode(str(signature["value"]), validate=True), PURPOSE + model_id.encode())
    except (InvalidSignature, KeyError, ValueError) as error:
        raise SignatureError(
            f"the signature by {fingerprint(key)} is not of model {model_id}: do not use it"
        ) from error


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
