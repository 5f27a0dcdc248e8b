# cython: language_level=3
"""The text of a FIX message cut into its fields: data fields by their length, a tag that is no number refused."""

from tapewatch.fix.groups import DATA_LENGTH_TAGS

TextField = tuple[int, str]

LENGTH_DIGITS_MAX = 12
TAG_DIGITS_MAX = 9
CACHED_TAGS_MAX = 100_000
_DATA_LENGTHS = frozenset(DATA_LENGTH_TAGS)


class GarbledError(ValueError):
    """The bytes are no FIX message; the text says why."""


class _Tags(dict[str, int]):
    """Tag text -> number; a tag is a whole number without leading zeros. None below 1 exists: sessions refuse them."""

    def __missing__(self, text: str) -> int:
        digits = text[1:] if text[:1] == "-" else text
        is_number = digits.isascii() and digits.isdigit() and (digits[0] != "0" or text == "0")
        if not is_number or len(digits) > TAG_DIGITS_MAX:
            raise GarbledError(f"tag is not a number: {text[:20]!r}")
        if len(self) < CACHED_TAGS_MAX:
            self[text] = int(text)
        return int(text)


_TAGS = _Tags({str(tag): tag for tag in range(1, 3000)})


def parse_values(text: str) -> dict[int, str] | None:
    """The quick way of ``parse_fields`` to the first value of each tag; None where only the careful way tells."""
    tags = _TAGS
    parts = text.split("\x01")
    try:
        values = {tags[name]: value for name, value in [part.split("=", 1) for part in parts]}
    except ValueError:
        return None
    return values if len(values) == len(parts) and _DATA_LENGTHS.isdisjoint(values) else None


def parse_fields(text: str) -> list[TextField]:
    """Splits ``tag=value`` pairs parted by SOH (none at the end), in order.

    A data field right after its length field goes by that length and may hold SOH. Raises GarbledError for a tag that
    is no number or a field without ``=``.
    """
    fields: list[TextField] = []
    position = 0
    data_tag = data_length = -1
    while position <= len(text):
        end = text.find("\x01", position)
        if end < 0:
            end = len(text)
        equals = text.find("=", position, end)
        if equals < 0:
            raise GarbledError(f"field without '=': {text[position:end][:20]!r}")
        tag = _TAGS[text[position:equals]]
        if tag == data_tag:
            by_length = equals + 1 + data_length
            if by_length == len(text) or text[by_length : by_length + 1] == "\x01":
                end = by_length
        value = text[equals + 1 : end]
        fields.append((tag, value))
        data_tag = DATA_LENGTH_TAGS.get(tag, -1)
        if data_tag >= 0:
            known = value.isascii() and value.isdigit() and len(value) <= LENGTH_DIGITS_MAX
            data_length = int(value) if known else -1
            data_tag = data_tag if known else -1
        position = end + 1
    return fields
