"""Page sizes and page tokens: opaque, bound to their method and filter, and signed so that an edited one is refused."""

import base64
import hashlib
import hmac
import json
from binascii import Error as DecodeError
from collections.abc import Sequence

from tapewatch.runtime.errors import InvalidArgument

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
PAGE_BYTES_MAX = 4 * 1024 * 1024
"""A page ends early where it would grow beyond this; its token carries on."""
TOKEN_CHARACTERS_MAX = 500
SIGNATURE_BYTES = 16


def page_size_of(requested: int) -> int:
    """How many to return at most: the default for 0, never above PAGE_SIZE_MAX; InvalidArgument for a negative one."""
    if requested < 0:
        raise InvalidArgument(
            "INVALID_PAGE_SIZE", f"page_size: expected 0 to {PAGE_SIZE_MAX}, found {requested}", field="page_size"
        )
    return min(requested or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


class PageTokens:
    """Makes and reads the tokens of one store; `key` is secret to it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, method: str, conditions: str, position: int) -> str:
        """The token of the page that begins behind a position, for the same method and filter only."""
        return self.make_keys(method, conditions, (position,))

    def read(self, token: str, method: str, conditions: str) -> int | None:
        """The position a token carries, None for the first page; InvalidArgument for any other token."""
        keys = self.read_keys(token, method, conditions)
        return None if keys is None else int(keys[0])

    def make_keys(self, method: str, conditions: str, position: Sequence[int | float]) -> str:
        """The token of the page that begins behind the row with these keys of its order."""
        payload = json.dumps([method, _digest(conditions), list(position)], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(payload) + payload).decode()

    def read_keys(self, token: str, method: str, conditions: str) -> tuple[int | float, ...] | None:
        """The keys a token carries, None for the first page; InvalidArgument for any other token."""
        if not token:
            return None
        payload = self._payload(token)
        if payload is None:
            raise _refused("expected the next_page_token of the page before, unchanged, found another text")
        found_method, found_digest, position = json.loads(payload)
        if (found_method, found_digest) != (method, _digest(conditions)):
            raise _refused(f"expected a token of {method} with the same filter, found one of another request")
        return tuple(position)

    def _payload(self, token: str) -> bytes | None:
        if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
            return None
        try:
            signed = base64.b64decode(token, altchars=b"-_", validate=True)
        except DecodeError:
            return None
        if base64.urlsafe_b64encode(signed).decode() != token:  # spare bits of the last character were set
            return None
        signature, payload = signed[:SIGNATURE_BYTES], signed[SIGNATURE_BYTES:]
        return payload if hmac.compare_digest(signature, self._signature(payload)) else None

    def _signature(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _digest(conditions: str) -> str:
    return hashlib.sha256(conditions.encode()).hexdigest()[:16]


def _refused(complaint: str) -> InvalidArgument:
    message = f"page_token: {complaint}; begin again without a token"
    return InvalidArgument("INVALID_PAGE_TOKEN", message, field="page_token")
