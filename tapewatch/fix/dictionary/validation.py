"""Strict mode's look at a whole message: its structure, then its header, trailer and body field by field.

The order of the checks is the one FIX engines are commonly tested for: header, body and trailer in their order, the
message type, required fields, then each field's value, tag, place and group.
"""

from collections.abc import Collection, Sequence
from itertools import chain

from tapewatch.fix.dictionary.layout import USER_TAG_MIN, Dictionary, Group, Layout
from tapewatch.fix.dictionary.problem import Problem, Reason
from tapewatch.fix.dictionary.values import is_well_formed
from tapewatch.fix.fields import TextField
from tapewatch.fix.message import Message

COUNT_DIGITS_MAX = 9
ANY_USER_TAG = range(USER_TAG_MIN, 1_000_000_000)


class _Refused(Exception):  # noqa: N818 - it leaves only this module as its Problem
    def __init__(self, reason: Reason, tag: int | None = None) -> None:
        super().__init__()
        self.problem = Problem(reason, tag)


def validate(message: Message, dictionary: Dictionary, user_tags: Collection[int] = ()) -> Problem | None:
    """The first problem of a message by a dictionary, or None. ``user_tags`` are allowed in any message."""
    try:
        _Validation(message, dictionary, user_tags).run()
    except _Refused as refused:
        return refused.problem
    return None


class _Validation:
    def __init__(self, message: Message, dictionary: Dictionary, user_tags: Collection[int]) -> None:
        self._message = message
        self._dictionary = dictionary
        self._user_tags = user_tags

    def run(self) -> None:
        header, body, trailer = self._parts()
        layout = self._dictionary.messages.get(self._message.msg_type)
        if layout is None:
            raise _Refused(Reason.INVALID_TYPE)
        for part, fields in ((self._dictionary.header, header), (self._dictionary.trailer, trailer), (layout, body)):
            _require(part, {tag for tag, _ in fields})
        self._check_level(header, self._dictionary.header)
        self._check_level(trailer, self._dictionary.trailer)
        self._check_level(body, layout)

    def _parts(self) -> tuple[Sequence[TextField], Sequence[TextField], Sequence[TextField]]:
        """Header, body and trailer; refuses a field of one in another."""
        fields, dictionary = self._message.fields, self._dictionary
        header_tags, trailer_tags = _tags_within(dictionary.header), dictionary.trailer.tags
        body_start = next((i for i, (tag, _) in enumerate(fields) if tag not in header_tags), len(fields))
        trailer_start = next((i for i, (tag, _) in enumerate(fields) if tag in trailer_tags), len(fields))
        body_start = min(body_start, trailer_start)
        for tag, _ in fields[body_start:trailer_start]:
            if tag in header_tags:
                raise _Refused(Reason.OUT_OF_ORDER, tag)
        for tag, _ in fields[trailer_start:]:
            if tag not in trailer_tags:
                raise _Refused(Reason.OUT_OF_ORDER, tag)
        return fields[:body_start], fields[body_start:trailer_start], fields[trailer_start:]

    def _check_level(self, fields: Sequence[TextField], layout: Layout) -> None:
        """Checks the fields of the header, the trailer or the body, groups inside."""
        seen: set[int] = set()
        place = 0
        while place < len(fields):
            tag, value = fields[place]
            if tag in seen and tag in layout.tags:  # what is not listed may be of a group that is not listed
                raise _Refused(Reason.REPEATED, tag)
            seen.add(tag)
            self._check_value(tag, value)
            self._check_place(tag, layout)
            place += 1
            group = layout.groups.get(tag)
            if group is not None:
                place = self._check_group(fields, place, tag, _count(value), group)

    def _check_group(self, fields: Sequence[TextField], place: int, count_tag: int, count: int, group: Group) -> int:
        """Checks the entries from a place on; returns the place behind the last."""
        found = 0
        if count and place < len(fields) and self._is_misplaced(fields[place][0], group):
            raise _Refused(Reason.GROUP_ORDER, fields[place][0])
        while place < len(fields) and fields[place][0] == group.delimiter:
            found += 1
            place = self._check_entry(fields, place, group)
        if found != count:
            if place < len(fields):
                self._check_defined(fields[place][0])
            raise _Refused(Reason.GROUP_COUNT, count_tag)
        return place

    def _is_misplaced(self, tag: int, group: Group) -> bool:
        return tag != group.delimiter and tag in group.layout.tags

    def _check_entry(self, fields: Sequence[TextField], place: int, group: Group) -> int:
        """Checks one entry, which begins at a place; returns the place behind it."""
        layout, seen = group.layout, set[int]()
        last = -1
        while place < len(fields) and self._is_in_entry(fields[place][0], layout):
            tag, value = fields[place]
            if tag == group.delimiter and seen:
                break
            if tag in seen and tag in layout.tags:
                raise _Refused(Reason.REPEATED, tag)
            seen.add(tag)
            self._check_value(tag, value)
            if group.places is not None and tag in group.places:
                if group.places[tag] < last:
                    raise _Refused(Reason.GROUP_ORDER, tag)
                last = group.places[tag]
            place += 1
            inner = layout.groups.get(tag)
            if inner is not None:
                place = self._check_group(fields, place, tag, _count(value), inner)
        _require(layout, seen)
        return place

    def _is_in_entry(self, tag: int, layout: Layout) -> bool:
        return tag in layout.tags or tag in self._dictionary.late_tags or tag in self._user_tags

    def _check_value(self, tag: int, value: str) -> None:
        if not value:
            raise _Refused(Reason.NO_VALUE, tag)
        kind = self._dictionary.types.get(tag, "")
        if not is_well_formed(kind, value):
            raise _Refused(Reason.WRONG_FORMAT, tag)
        values = self._dictionary.enums.get(tag)
        if values is not None and not values.issuperset(value.split(" ") if kind == "MULTIPLE" else (value,)):
            raise _Refused(Reason.WRONG_VALUE, tag)

    def _check_defined(self, tag: int) -> None:
        if not (self._dictionary.is_defined(tag) or tag in self._user_tags):
            raise _Refused(Reason.INVALID_TAG, tag)

    def _check_place(self, tag: int, layout: Layout) -> None:
        if tag in self._user_tags:
            return
        self._check_defined(tag)
        if not (tag in layout.tags or layout.is_open or tag in self._dictionary.late_tags):
            raise _Refused(Reason.NOT_IN_MESSAGE, tag)


def _count(digits: str) -> int:
    """A group's count; -1, which no group has, for one of absurd length."""
    return int(digits) if len(digits) <= COUNT_DIGITS_MAX else -1


def _tags_within(layout: Layout) -> frozenset[int]:
    """The tags of a level and of the entries of its groups."""
    return frozenset(chain(layout.tags, *(group.layout.tags for group in layout.groups.values())))


def _require(layout: Layout, tags: Collection[int]) -> None:
    """Refuses a level without a required field; fields may be missing where all are in groups."""
    for tag in layout.required:
        if tag not in tags:
            raise _Refused(Reason.REQUIRED_MISSING, tag)
