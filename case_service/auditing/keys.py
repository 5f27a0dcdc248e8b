"""Keys of the audit trail as files: a private one that only the service reads, a public one for everybody."""

import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from case_service.auditing.checkpoint import keys_of
from tapewatch.runtime.errors import StartError

OTHERS = 0o077
PUBLIC_SUFFIX = ".pub"
MADE_BY = "`tapewatch audit keys init` makes a pair"


def make_keys(path: Path) -> Ed25519PublicKey:
    """Write a new private key, its owner's to read, and the public one beside it; FileExistsError if it is there."""
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_name(path.name + PUBLIC_SUFFIX).write_bytes(public)
    return key.public_key()


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The key that signs; StartError says what is wrong with the file and never shows what is in it."""
    content = _content(path)
    if path.stat().st_mode & OTHERS:
        raise StartError(f"audit key {path}: expected a file that only its owner may read: chmod 600 {path}")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise StartError(f"audit key {path}: expected an Ed25519 private key in PEM, not encrypted; {MADE_BY}")
    return key


def read_public_keys(paths: Iterable[Path]) -> dict[str, Ed25519PublicKey]:
    """Keys by their ids; StartError for a file that holds no Ed25519 public key."""
    return keys_of(_public_key(path) for path in paths)


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise StartError(f"audit key {path}: expected an Ed25519 public key in PEM; {MADE_BY}")
    return key


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartError(f"audit key {path}: expected a readable file, found {error.strerror}; {MADE_BY}") from error
