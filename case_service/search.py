"""Full-text search: words that must all be there. A word is what lies between blanks and ASCII punctuation."""

import re

from tapewatch.runtime.errors import InvalidArgument

SEARCH_CHARACTERS_MAX = 200
WORDS_MAX = 10
PREFIX_LETTERS_MIN = 2
SEPARATORS = r"[\s!-/:-@\[-`{-~]+"
"""What the databases split texts at, too (`store.databases.search`)."""
_NO_WORD = re.compile(SEPARATORS.replace("!-/", "!-)+-/"))  # all of them but `*`


def parse_search(text: str) -> tuple[str, ...]:
    """The words of a search, each once, with `*` behind those that are beginnings; none for a blank text.

    Raises InvalidArgument (reason INVALID_SEARCH) saying what was expected and found.
    """
    if len(text) > SEARCH_CHARACTERS_MAX or "\0" in text:
        raise _wrong(f"at most {SEARCH_CHARACTERS_MAX} characters and no NUL", f"{len(text)} characters")
    words = tuple(dict.fromkeys(filter(None, _NO_WORD.split(text.lower()))))
    if text.strip() and not words:
        raise _wrong("a word", repr(text))
    if len(words) > WORDS_MAX:
        raise _wrong(f"at most {WORDS_MAX} words", f"{len(words)}")
    for word in words:
        if "*" in word[:-1] or word == "*" or (word.endswith("*") and len(word) <= PREFIX_LETTERS_MIN):
            raise _wrong(f"* only behind the first {PREFIX_LETTERS_MIN} or more letters of a word", repr(word))
    return words


def _wrong(expected: str, found: str) -> InvalidArgument:
    return InvalidArgument("INVALID_SEARCH", f"search: expected {expected}, found {found}", field="search")
