"""What a version of FIX says of its messages: types and values of fields, fields and groups of messages."""

from collections.abc import Mapping
from dataclasses import dataclass

ADMIN_TYPES = frozenset("012345A")
USER_TAG_MIN = 5000


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a message, or of an entry of a group.

    ``tags``: what may stand there, the count tags of ``groups`` included. ``is_open``: any defined field may.
    """

    tags: frozenset[int]
    required: tuple[int, ...]
    groups: Mapping[int, "Group"]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A repeating group: every entry begins with ``delimiter``; ``places`` is the order of the rest, if it is fixed."""

    delimiter: int
    layout: Layout
    places: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One version. ``late_tags``: defined in later extensions of the version, allowed in any business message."""

    version: str
    tags: frozenset[int]
    types: Mapping[int, str]
    enums: Mapping[int, frozenset[str]]
    header: Layout
    trailer: Layout
    messages: Mapping[str, Layout]
    late_tags: frozenset[int] = frozenset()

    def is_defined(self, tag: int) -> bool:
        """Whether the version knows the tag."""
        return tag in self.tags or tag in self.late_tags
