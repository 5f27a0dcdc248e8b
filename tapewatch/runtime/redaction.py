"""Which names hold secrets, and how they are kept out of logs and error messages."""

import re

REDACTED = "[redacted]"
SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "credential", "private_key", "api_key")
SECRET_FIX_TAGS = frozenset({"554", "925", "96"})
"""FIX Password, NewPassword and RawData: what venues carry credentials in."""

_SEPARATOR = r"\\x01|\\u0001|[\x01|^\n]"
"""What ends a FIX field: SOH, also as repr and JSON escape it, and what people print in its place."""
_FIX_SECRET = re.compile(rf"(?:(?<![0-9])|(?<=\\x01)|(?<=\\u0001))(554|925|96)=(?:(?!{_SEPARATOR}).)*", re.DOTALL)

_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}")
"""A signed or encrypted token (JWT), or the beginning of one: its header is a JSON object in base64."""
_SCHEME = re.compile(r"\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")


def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret, whatever its case."""
    lowered = name.lower()
    return lowered in SECRET_FIX_TAGS or any(word in lowered for word in SECRET_WORDS)


def without_secrets(text: str) -> str:
    """The text without what is a secret by its form: FIX fields, tokens, private keys, passwords in addresses."""
    text = without_fix_secrets(text)
    if "eyJ" in text:
        text = _TOKEN.sub(REDACTED, text)
    text = _SCHEME.sub(rf"\1\2{REDACTED}", text)
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE_KEY.sub(rf"\1{REDACTED}", text)
    return _URL_PASSWORD.sub(rf"\1{REDACTED}", text) if "://" in text else text


def without_fix_secrets(text: str) -> str:
    """The text with the values of secret FIX tags replaced."""
    return _FIX_SECRET.sub(rf"\1={REDACTED}", text) if "=" in text else text
