"""Names replaced by pseudonyms: the same name has the same one under one key, and nobody without the key can tell."""

import base64
import hmac
import secrets
from pathlib import Path

from tapewatch.runtime.durable import write_private
from tapewatch.runtime.errors import StartError

KEY_BYTES = 32
DIGEST_BYTES = 15
PREFIX = "p-"


def pseudonym(key: bytes, name: str) -> str:
    """`p-` and 24 letters and digits, by HMAC-SHA256 of the name cut to 120 bits; the empty name stays empty.

    Two of a million names share one with a chance below 1e-24. ValueError for a key shorter than KEY_BYTES.
    """
    if len(key) < KEY_BYTES:
        raise ValueError(f"expected a key of {KEY_BYTES} bytes or more, found {len(key)}")
    if not name:
        return ""
    digest = hmac.digest(key, name.encode("utf-8", "surrogatepass"), "sha256")[:DIGEST_BYTES]
    return PREFIX + base64.b32encode(digest).decode().lower()


def pseudonym_key(path: Path) -> bytes:
    """The key kept in a file, made at first use, readable by its owner only.

    Whoever has it can link exports made with it and try names against them; deleting it makes those exports anonymous.
    Raises StartError for a file that is not such a key.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = secrets.token_bytes(KEY_BYTES)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, key)
    if len(key) != KEY_BYTES:
        raise StartError(f"{path}: expected {KEY_BYTES} random bytes, the key of pseudonyms, found {len(key)} bytes")
    return key
