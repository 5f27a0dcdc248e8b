"""Which names hold secrets, and how they are kept out of logs and error messages."""

import re

REDACTED = "[redacted]"
SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "credential", "private_key", "api_key")
SECRET_FIX_TAGS = frozenset({"554", "925", "96"})
"""FIX Password, NewPassword and RawData: what venues carry credentials in."""

_SEPARATOR = r"\\x01|\\u0001|[\x01|^\n]"
"""What ends a FIX field: SOH, also as repr and JSON escape it, and what people print in its place."""
_FIX_SECRET = re.compile(rf"(?:(?<![0-9])|(?<=\\x01)|(?<=\\u0001))(554|925|96)=(?:(?!{_SEPARATOR}).)*", re.DOTALL)


def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret, whatever its case."""
    lowered = name.lower()
    return lowered in SECRET_FIX_TAGS or any(word in lowered for word in SECRET_WORDS)


def without_fix_secrets(text: str) -> str:
    """The text with the values of secret FIX tags replaced."""
    return _FIX_SECRET.sub(rf"\1={REDACTED}", text) if "=" in text else text
