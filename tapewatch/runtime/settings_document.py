"""Reading the settings file: bounded, safe YAML in which every key remembers its line."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE_BYTES_MAX = 1_048_576
ALIASES_MAX = 64
NODES_MAX = 50_000
DEPTH_MAX = 32

KeyPath = tuple[str | int, ...]


class SettingsError(Exception):
    """The settings are wrong: says where, what was expected, what was found and what to do; exit code 2."""


@dataclass(frozen=True, slots=True)
class Document:
    """The mapping read from a file, with the 1-based line of each key and list item by its path."""

    source: str
    values: dict[str, object]
    lines: Mapping[KeyPath, int]

    def place(self, path: KeyPath) -> str:
        """`file:line` of the path, or of its nearest known ancestor; parts the file does not have are skipped."""
        known: KeyPath = ()
        for part in path:
            if (*known, part) in self.lines:
                known = (*known, part)
        return f"{self.source}:{self.lines[known]}" if known else self.source


class SettingsLoader(yaml.SafeLoader):
    """SafeLoader without YAML 1.1's traps: `10:30` stays text (not 630), dates stay text, octals need `0o`."""


_KEPT_RESOLVERS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
SettingsLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT_RESOLVERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
SettingsLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"), list("-+0123456789")
)
SettingsLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|nan))$"
    ),
    list("-+0123456789."),
)


def read_document(path: Path) -> Document:
    """Read a settings file.

    Raises SettingsError for an unreadable, oversized or malformed file, a duplicate key, or a top level that is
    not a mapping.
    """
    values, lines = parse(_text(path), str(path))
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path}:1: expected a mapping of sections (like `ingest:`), found {type(values).__name__}")
    return Document(str(path), values, lines)


def parse(text: str, source: str) -> tuple[object, dict[KeyPath, int]]:
    """Parse YAML text into plain values and the line of every path; SettingsError names `source` and the line."""
    try:
        _check_events(text, source)
        loader = SettingsLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, {}
        index = _LineIndex(source)
        index.visit(node, ())
        return loader.construct_document(node), index.lines
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(f"{source}:{line}: not valid YAML: {error.reason}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SettingsError(f"{source}:{line}: not valid YAML: {error.problem or error.context}") from error
    except ValueError as error:  # a number beyond what Python converts
        raise SettingsError(f"{source}: not valid YAML: {error}") from error


def _text(path: Path) -> str:
    if path.is_dir():
        raise SettingsError(f"{path}: expected a settings file, found a directory; name the file with --config")
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot read the settings file: {error.strerror}; check the path given with --config"
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"{path}: expected at most {FILE_BYTES_MAX} bytes of settings, found more")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: expected UTF-8 text, found byte {content[error.start]:#04x}") from error


def _check_events(text: str, source: str) -> None:
    """Refuse alias bombs, deep nesting and type tags on the event stream, before anything is built recursively."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=SettingsLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        line = event.start_mark.line + 1  # type: ignore[union-attr] # parsed events have marks
        if depth > DEPTH_MAX:
            raise SettingsError(f"{source}:{line}: expected at most {DEPTH_MAX} levels of nesting, found more")
        if aliases > ALIASES_MAX:
            raise SettingsError(f"{source}:{line}: expected at most {ALIASES_MAX} aliases, found more")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise SettingsError(f"{source}:{line}: expected plain YAML, found the type tag {event.tag!r}; remove it")


class _LineIndex:
    """Walks the node tree as it will be expanded, noting lines, refusing duplicate keys and over-large expansions."""

    def __init__(self, source: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._source = source
        self._nodes = 0

    def visit(self, node: yaml.Node, path: KeyPath) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX or len(path) > DEPTH_MAX:
            raise SettingsError(
                f"{self._source}:{node.start_mark.line + 1}: expected at most {NODES_MAX} values nested at most "
                f"{DEPTH_MAX} deep once aliases are expanded, found more"
            )
        if isinstance(node, yaml.MappingNode):
            self._visit_mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.lines[(*path, position)] = item.start_mark.line + 1
                self.visit(item, (*path, position))

    def _visit_mapping(self, node: yaml.MappingNode, path: KeyPath) -> None:
        seen: dict[Hashable, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise SettingsError(f"{self._source}:{line}: expected a plain key, found a {key.id}")
            if key.value in seen:
                raise SettingsError(
                    f"{self._source}:{line}: duplicate key {key.value!r}, first given on line {seen[key.value]}; "
                    "keep one of them"
                )
            seen[key.value] = line
            self.lines[(*path, key.value)] = line
            self.visit(value, (*path, key.value))
