"""Names replaced by pseudonyms under a key: the same name gives the same pseudonym, nobody without the key goes back.

HMAC-SHA-256 (RFC 2104), cut to 80 bits and written in Crockford's base 32: two of a million names share one with
a chance of 4e-13. Names that could be guessed (all account numbers of a house, say) are safe only while the key is.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

KEY_BYTES_MIN: Final = 32
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 16


class Pseudonyms:
    """Pseudonyms under a key of at least KEY_BYTES_MIN bytes; ValueError for a shorter one."""

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            raise ValueError(f"expected a key of at least {KEY_BYTES_MIN} bytes, found {len(key)}")
        self._key = key

    def of(self, kind: str, name: str) -> str:
        """The pseudonym of a name of a kind, such as ACCOUNT-9K3M...; the empty name stays empty."""
        if not name:
            return ""
        digest = hmac.new(self._key, f"{kind}\0{name}".encode(), hashlib.sha256).digest()
        number = int.from_bytes(digest[:10], "big")
        digits = "".join(_DIGITS[number >> (5 * place) & 31] for place in range(_LENGTH - 1, -1, -1))
        return f"{kind}-{digits}"

    def in_text(self, text: str, names: Iterable[tuple[str, str]]) -> str:
        """A text with known names (kind, name) replaced wherever they stand alone, longer ones first."""
        kinds = {name: kind for kind, name in names if name}
        if not kinds:
            return text
        either = "|".join(re.escape(name) for name in sorted(kinds, key=lambda each: (-len(each), each)))
        pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)")
        return pattern.sub(lambda found: self.of(kinds[found[0]], found[0]), text)
