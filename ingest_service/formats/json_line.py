"""One line of JSON as a mapping, by the standard library.

Not by pyarrow's JSON reader: version 26.0 ends the process with a segmentation fault on some malformed lines.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


VALUES: Final = json.JSONDecoder(parse_constant=_refuse_constant)
# Numbers stay the text they are, so that whoever reads them parses them as in any other text.
TEXTS: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def json_object(data: bytes, decoder: json.JSONDecoder) -> dict[str, Any]:
    """The object on a line. Raises ValueError, saying what was found, when there is none or its text is not Unicode."""
    try:
        value = decoder.decode(data.decode())
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair can be escaped, but is no text
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected a JSON object on the line: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object on the line, found a {type(value).__name__}")
    return value
