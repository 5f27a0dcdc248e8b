"""Fonts that are embedded, and what becomes of characters that none of them has.

FiraGO covers Latin, Greek, Cyrillic, Georgian, Arabic, Hebrew, Thai and Devanagari; Noto's symbols follow. Other
scripts need a font of the machine: the usual folders are looked through when a text needs one, and
`cases.reports.fonts` names more. A character that no font has is written as its code point, such as [U+4E2D]: nothing
is dropped or shown as a box.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pymupdf_fonts
from fontTools.ttLib import TTCollection, TTFont

FAMILY = "FiraGO"
STYLES = {"": "figo", "B": "figbo", "I": "figit"}
SYMBOLS = ("symbol2", "symbol1", "math")
FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
)
LIKELY = ("NotoSansCJK", "NotoSerifCJK", "NotoSans", "DroidSansFallback", "wqy", "unifont", "DejaVuSans", "FreeSans")
FILES_LOOKED_AT_MAX = 400
_PLAIN = frozenset(map(chr, range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True)
class Face:
    """A font in a file, by the name it has in the document, and the characters it has."""

    name: str
    path: Path
    number: int
    characters: frozenset[int]


@dataclass(slots=True)
class Faces:
    """The fonts a text needs beyond FiraGO's, in the order they are tried; `directory` takes files of shipped ones."""

    directory: Path
    configured: Sequence[Path] = ()
    extra: list[Face] = field(default_factory=list)

    def shipped(self, name: str) -> Path:
        """The file of a shipped font."""
        path = self.directory / f"{name}.ttf"
        if not path.exists():
            path.write_bytes(pymupdf_fonts.myfont(name))
        return path

    def need(self, characters: Iterable[str]) -> frozenset[str]:
        """Find fonts for characters; those that none has."""
        wanted = {ord(each) for each in characters} - _has(self.shipped(STYLES[""]))
        for path in self._candidates():
            if not wanted:
                break
            face = _face(path, wanted)
            if face is not None:
                self.extra.append(face)
                wanted -= face.characters
        return frozenset(map(chr, wanted))

    def _candidates(self) -> Iterator[Path]:
        yield from self.configured
        yield from (self.shipped(name) for name in SYMBOLS)
        found = [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.rglob("*.[ot]t[fc]"))]
        likely = [path for path in found if path.name.startswith(LIKELY)]
        yield from sorted(likely, key=_likelihood)[:FILES_LOOKED_AT_MAX]


def _likelihood(path: Path) -> tuple[int, bool, str]:
    place = next(place for place, begin in enumerate(LIKELY) if path.name.startswith(begin))
    return place, "Regular" not in path.name and path.stem not in LIKELY, path.name


@lru_cache(64)
def _has(path: Path) -> frozenset[int]:
    font = _opened(path)
    try:
        return frozenset(font.getBestCmap())
    finally:
        font.close()


def _face(path: Path, wanted: set[int]) -> Face | None:
    has = _has(path)
    return Face(f"extra-{path.stem}", path, 0, has) if has & wanted else None


def _opened(path: Path) -> TTFont:
    if path.suffix == ".ttc":
        return TTCollection(str(path), lazy=True).fonts[0]
    return TTFont(str(path), lazy=True)


def shown(text: str, unknown: frozenset[str]) -> str:
    """The text as it can be set: line breaks stay, other controls and characters without a font become [U+...]."""
    if _PLAIN.issuperset(text):
        return text
    return "".join(each if _is_shown(each, unknown) else f"[U+{ord(each):04X}]" for each in text)


def _is_shown(character: str, unknown: frozenset[str]) -> bool:
    return character == "\n" or (character not in unknown and (character.isprintable() or character.isspace()))
