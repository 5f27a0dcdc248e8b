# cython: language_level=3
"""A FIX message as ordered fields that can be asked by tag, with repeating groups found by the group table."""

from collections.abc import Sequence

import cython

from tapewatch.fix.fields import TextField, parse_fields, parse_values
from tapewatch.fix.groups import CUSTOM_TAG_MIN, GROUPS


@cython.no_gc
@cython.cclass
class FieldMap:
    """Ordered (tag, text) pairs; ``values`` holds the first value of each tag.

    Texts keep one character a byte (latin-1), so nothing is lost; ``text`` reads UTF-8 where it is valid.
    """

    def __init__(self, fields: Sequence[TextField], values: dict[int, str] | None = None) -> None:
        """``values`` without ``fields`` is for whose tags are all different: the fields follow from it."""
        self._fields: Sequence[TextField] | None = fields
        self._values: dict[int, str] | None = dict(reversed(fields)) if values is None else values

    @property
    def values(self) -> dict[int, str]:
        """The first value of each tag."""
        values = self._values
        if values is None:
            values = self._values = self._read()
        return values

    def _read(self) -> dict[int, str]:
        """What is read only when it is asked for."""
        return {}

    @property
    def fields(self) -> Sequence[TextField]:
        """The fields in the order of the message."""
        values = self.values
        fields = self._fields
        if not fields:
            fields = self._fields = list(values.items())
        return fields

    def get(self, tag: int) -> str | None:
        """The first value of a tag as it was sent, or None."""
        return self.values.get(tag)

    def text(self, tag: int) -> str:
        """The first value of a tag for people to read (UTF-8 where valid), or the empty string."""
        return readable(self.values.get(tag, ""))

    def integer(self, tag: int) -> int | None:
        """The first value of a tag as a whole number; None where absent or not a plain number."""
        value = self.values.get(tag, "")
        digits = value[1:] if value[:1] == "-" else value
        return int(value) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None

    def entries(self, count_tag: int) -> list["FieldMap"]:
        """The entries of a repeating group, nested groups inside; an absent or empty group is []."""
        found = self._group_bounds(count_tag)
        if found is None:
            return []
        starts, end = found
        return [FieldMap(self.fields[a:b]) for a, b in zip(starts, [*starts[1:], end], strict=True)]

    def outside(self, count_tag: int) -> "FieldMap":
        """The fields that stand outside a repeating group, its count tag excepted."""
        found = self._group_bounds(count_tag)
        if found is None:
            return self
        starts, end = found
        return FieldMap([*self.fields[: starts[0] - 1], *self.fields[end:]])

    def _group_bounds(self, count_tag: int) -> tuple[list[int], int] | None:
        """Starts of the entries and the end of the last one; the first tag after the count delimits entries."""
        count = self.integer(count_tag)
        if not count or count < 0:
            return None
        tags = [tag for tag, _ in self.fields]
        first = tags.index(count_tag) + 1
        if first >= len(tags):
            return None
        members = GROUPS.get(count_tag, frozenset())
        delimiter = tags[first]
        if members and delimiter not in members and delimiter < CUSTOM_TAG_MIN:
            return None
        starts = [place for place in range(first, len(tags)) if tags[place] == delimiter][:count]
        end = starts[-1] + 1
        while end < len(tags) and (tags[end] in members or tags[end] >= CUSTOM_TAG_MIN):
            end += 1
        return starts, end


@cython.no_gc
@cython.cclass
class Message(FieldMap):
    """One whole FIX message: tags 8, 9, 35 first and 10 last.

    ``raw`` is its bytes as received; ``epoch`` the epoch of its sequence number, set by the session. Where the framing
    found its fields well-formed (``tapewatch.fix.wire.scan``), they become text only when they are asked for.
    """

    def __init__(self, fields: Sequence[TextField], raw: bytes = b"", values: dict[int, str] | None = None) -> None:
        super().__init__(fields, values)
        self.raw = raw
        self.epoch = 0
        self.is_scanned = self.has_history = self.is_ascii = False
        self.places: object = None
        self.field_count = self.byte_sum = 0
        self.number = self.begin_end = self.type_start = self.type_end = 0
        self.sender_start = self.sender_end = self.target_start = self.target_end = self.sent_start = self.sent_end = 0
        self._sequence: int | None = -1

    def _read(self) -> dict[int, str]:
        text = self.raw[:-1].decode("latin-1")
        values = parse_values(text)
        if values is None:
            fields = parse_fields(text)
            self._fields = fields
            values = dict(reversed(fields))
        return values

    @property
    def begin_string(self) -> str:
        """Tag 8."""
        if self.is_scanned:
            return self.raw[2 : self.begin_end].decode("latin-1")
        return self.values.get(8, "")

    @property
    def msg_type(self) -> str:
        """Tag 35."""
        if self.is_scanned:
            return self.raw[self.type_start : self.type_end].decode("latin-1")
        return self.values.get(35, "")

    @property
    def sequence(self) -> int | None:
        """Tag 34, None where absent or no number."""
        if self._sequence == -1:
            self._sequence = self.number if self.is_scanned and self.number > 0 else self.integer(34)
        return self._sequence

    def __repr__(self) -> str:
        return "|".join(f"{tag}={value}" for tag, value in self.fields)


def readable(value: str) -> str:
    """Text for people from a value kept one character a byte: UTF-8 where valid, else latin-1 as it is."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
