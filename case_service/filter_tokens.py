"""The pieces of a filter's text, each with its place, and the one error that every mistake becomes."""

import re
from dataclasses import dataclass

from tapewatch.runtime.errors import InvalidArgument

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<operator><=|>=|!=|=|<|>|:)
        |(?P<parenthesis>[()])
        |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
        |(?P<number>[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.]))
        |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(r"\\(.)|(\*)|([^\\*]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, and where it begins (1 is the first character)."""

    kind: str
    text: str
    position: int


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text and one that marks its end; InvalidArgument where there is none."""
    tokens: list[Token] = []
    start, end = 0, len(text.rstrip())
    while start < end:
        match = _TOKEN.match(text, start, end)
        if match is None or match.lastgroup is None:
            found = text[start:end].lstrip()
            position = end - len(found) + 1
            expected = "a closing quote" if found[0] in "\"'" else "a field, an operator or a value"
            raise wrong(position, expected, repr(found[:20]))
        tokens.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        start = match.end()
    return [*tokens, Token("end", "the end", len(text) + 1)]


def unquoted(token: Token) -> tuple[str, ...] | None:
    """The text between the quotes, in pieces where a `*` stands; None if the token is no quoted text."""
    if token.kind != "string" or "\0" in token.text:
        return None
    pieces = [""]
    for match in _PIECE.finditer(token.text, 1, len(token.text) - 1):
        escaped, star, plain = match.groups()
        if star:
            pieces.append("")
        else:
            pieces[-1] += escaped or plain
    return tuple(pieces)


def wrong(position: int, expected: str, found: str) -> InvalidArgument:
    """The error for a filter that cannot be understood; position 0 means the whole of it."""
    place = f"at character {position}: " if position else ""
    return InvalidArgument(
        "INVALID_FILTER", f"filter: {place}expected {expected}, found {found}", field="filter", position=position
    )
