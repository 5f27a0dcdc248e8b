"""Checking that a webhook came from Tapewatch, for those who receive one: the scheme of Standard Webhooks."""

import base64
import binascii
import hmac
import time
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"
SECRET_BYTES_MIN = 24
TOLERANCE_S = 300.0
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class SignatureError(ValueError):
    """A message that is not signed as it should be; the text says what is wrong with it."""


def secret_bytes(text: str) -> bytes:
    """The key of a secret, `whsec_` and base64 of at least 24 bytes; SignatureError for anything else."""
    try:
        key = base64.b64decode(text.strip().removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        text = f"the secret: expected {SECRET_PREFIX} and base64, found text that is not: {error}"
        raise SignatureError(text) from error
    if not text.strip().startswith(SECRET_PREFIX) or len(key) < SECRET_BYTES_MIN:
        raise SignatureError(f"the secret: expected {SECRET_PREFIX} and base64 of at least {SECRET_BYTES_MIN} bytes")
    return key


def signature(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, seconds and body, joined by dots."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret_bytes(secret), signed, "sha256")).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now_s: float | None = None) -> str:
    """The message's id, when it is signed with the secret and at most five minutes old; SignatureError otherwise.

    The same id may come again: keep those seen. `now_s` is the receiver's clock, seconds since the Unix epoch.
    """
    found = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (ID, TIMESTAMP, SIGNATURE) if name not in found]
    if missing:
        raise SignatureError(f"expected the headers {ID}, {TIMESTAMP} and {SIGNATURE}, found no {missing[0]}")
    if not (found[TIMESTAMP].isascii() and found[TIMESTAMP].isdigit()):
        raise SignatureError(f"{TIMESTAMP}: expected seconds since 1970, found {found[TIMESTAMP][:40]!r}")
    age_s = (time.time() if now_s is None else now_s) - int(found[TIMESTAMP])
    if abs(age_s) > TOLERANCE_S:
        raise SignatureError(f"{TIMESTAMP}: expected at most {TOLERANCE_S:.0f} s from now, found {age_s:.0f} s")
    expected = signature(secret, found[ID], int(found[TIMESTAMP]), body)
    if not any(hmac.compare_digest(expected, each) for each in found[SIGNATURE].split()):
        raise SignatureError(f"{SIGNATURE}: none of those given is the secret's over this body")
    return found[ID]
