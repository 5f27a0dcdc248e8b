"""Reads the data files beside it, our own notation of what each version of FIX defines.

A line is a word and what it says; ``#`` begins a comment::

    base fix44                     everything of another file, to add to or to replace
    tags 1-446 except 101 232-261  the defined tags; without it those named in the file
    kinds 0 1 2 A D 8              of the messages of a base only these; without it all
    late 957-2999 40000-49999      defined in extensions, allowed in any business message
    any 63 327                     fields whose values are of another type in this version, and not looked at
    custom 553 554                 not of this version, but allowed in a Logon
    header 8! 9! ...               fields of the header; ``!`` marks a required one, ``?`` takes the mark away
    trailer 93 89 10!
    enum 54 1 2 3                  every value of a field; a second line adds, ``enum 54 *`` allows any
    component Text 58 354 355      a name for several fields; used as @Text
    message D 11! @Text 78(79 80)  a message; ``(...)`` is a group in a fixed order, ``[...]`` in any, the first
                                   field begins an entry; a line ``message D + ...`` goes on
    message k * 391!               a message whose other fields are not listed: any may stand in it
"""

import re
from functools import cache
from pathlib import Path

from tapewatch.fix.dictionary.layout import Dictionary, Group, Layout

FOLDER = Path(__file__).parent
TOKEN = re.compile(r"@\w+|\d+[!?]?[(\[]?|[)\]]|\*")
CLOSING = {"(": ")", "[": "]"}


@cache
def load(name: str) -> Dictionary:
    """The dictionary of the file ``name.txt``."""
    return _Reader(name).dictionary()


class _Level:
    """The fields of one level while they are read."""

    def __init__(self) -> None:
        self.tags: dict[int, bool] = {}
        self.groups: dict[int, Group] = {}
        self.is_open = False

    def layout(self) -> Layout:
        required = tuple(sorted(tag for tag, is_required in self.tags.items() if is_required))
        return Layout(frozenset(self.tags), required, dict(self.groups), self.is_open)


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.tags: frozenset[int] | None = None
        self.late: frozenset[int] = frozenset()
        self.untyped: frozenset[int] = frozenset()
        self.custom: frozenset[int] = frozenset()
        self.enums: dict[int, frozenset[str]] = {}
        self.components: dict[str, str] = {}
        self.bodies: dict[str, str] = {}
        self._read(name)

    def dictionary(self) -> Dictionary:
        bodies = dict(self.bodies)
        header, trailer = self._level(bodies.pop("header")), self._level(bodies.pop("trailer"))
        logon = " ".join(map(str, sorted(self.custom)))
        messages = {kind: self._level(f"{body} {logon}" if kind == "A" else body) for kind, body in bodies.items()}
        tags = self.tags
        if tags is None:
            tags = frozenset().union(*(_all_tags(layout) for layout in (header, trailer, *messages.values())))
        known = (tags | self.late | self.custom) - self.untyped
        types = {tag: kind for tag, kind in _types().items() if tag in known}
        return Dictionary(self.name, tags | self.custom, types, self.enums, header, trailer, messages, self.late)

    def _read(self, name: str) -> None:
        fresh: set[int] = set()
        for line in _lines(name):
            word, _, rest = line.partition(" ")
            if word == "base":
                self._read(rest)
            elif word == "kinds":
                self.bodies = {kind: self.bodies[kind] for kind in ("header", "trailer", *rest.split())}
            elif word == "enum":
                self._add_enum(rest, fresh)
            elif word in ("tags", "late", "custom", "any"):
                self._set_tags(word, rest)
            else:
                self._add_fields(word, rest)

    def _set_tags(self, word: str, text: str) -> None:
        if word == "tags":
            self.tags = _ranges(text)
        elif word == "late":
            self.late = _ranges(text)
        elif word == "any":
            self.untyped = _ranges(text)
        else:
            self.custom = _ranges(text)

    def _add_enum(self, text: str, fresh: set[int]) -> None:
        tag_text, *values = text.split()
        tag = int(tag_text)
        if values == ["*"]:
            self.enums.pop(tag, None)
            return
        before = self.enums.get(tag, frozenset()) if tag in fresh or values[0] == "+" else frozenset()
        self.enums[tag] = before | frozenset(values) - {"+"}
        fresh.add(tag)

    def _add_fields(self, word: str, text: str) -> None:
        name, fields = (word, text) if word in ("header", "trailer") else text.split(" ", 1)
        texts = self.components if word == "component" else self.bodies
        if fields.startswith("+ "):
            texts[name] += fields[1:]
        else:
            texts[name] = fields

    def _level(self, text: str) -> Layout:
        level = _Level()
        self._fill(level, TOKEN.findall(text), 0)
        return level.layout()

    def _fill(self, level: _Level, tokens: list[str], place: int) -> int:
        """Reads the fields from a place on to the end of the level; returns the place behind it."""
        while place < len(tokens):
            token = tokens[place]
            place += 1
            if token in (")", "]"):
                return place
            if token == "*":
                level.is_open = True
            elif token.startswith("@"):
                self._fill(level, TOKEN.findall(self.components[token[1:]]), 0)
            else:
                tag = int(token.rstrip("!?(["))
                level.tags[tag] = "!" in token or (level.tags.get(tag, False) and "?" not in token)
                if token[-1] in CLOSING:
                    place = self._fill_group(level, tag, token[-1], tokens, place)
        return place

    def _fill_group(self, level: _Level, count_tag: int, bracket: str, tokens: list[str], place: int) -> int:
        inner = _Level()
        end = self._fill(inner, tokens, place)
        order = list(inner.tags)
        places = {tag: number for number, tag in enumerate(order)} if bracket == "(" else None
        level.groups[count_tag] = Group(order[0], inner.layout(), places)
        return end


def _lines(name: str) -> list[str]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="ascii")
    return [line for line in (each.partition("#")[0].strip() for each in text.splitlines()) if line]


@cache
def _types() -> dict[int, str]:
    found: dict[int, str] = {}
    for line in _lines("fields"):
        kind, *tags = line.split()
        found.update((int(tag), kind) for tag in tags)
    return found


def _ranges(text: str) -> frozenset[int]:
    wanted, _, unwanted = text.partition(" except ")
    return _numbers(wanted) - _numbers(unwanted)


def _numbers(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _all_tags(layout: Layout) -> frozenset[int]:
    return layout.tags.union(*(_all_tags(group.layout) for group in layout.groups.values()))
