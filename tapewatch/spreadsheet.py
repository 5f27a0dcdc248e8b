"""CSV that a spreadsheet shows and never computes: cells that would begin a formula are made text.

A cell beginning with = + - @, a tab or a carriage return gets a leading apostrophe (OWASP, CSV injection); numbers
written by us stay numbers. A quoted cell may hold line breaks, so those are shown as spaces.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The full-width forms too: some spreadsheets take them for the others."""


def inert(value: object) -> str:
    """The text of a cell: numbers as they are, nothing for None, strange text made harmless."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    begin = text.lstrip(" \u00a0\ufeff\u200b\0")
    guard = "'" if begin.startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else ""
    return guard + text.replace("\0", " ").replace("\r", " ").replace("\n", " ").replace("\t", " ")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file in UTF-8 with a byte order mark, so that spreadsheets read names of any script."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([inert(value) for value in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")
