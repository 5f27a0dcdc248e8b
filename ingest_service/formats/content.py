"""A file's bytes: its identity, its beginning, and its whole lines in blocks, decompressed where need be."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol, cast

from ingest_service.formats.contract import FAULT_TEXT_CHARACTERS_MAX, FileReport, FormatError

BLOCK_BYTES: Final = 4 << 20
LINE_BYTES_MAX: Final = 1 << 20
HEAD_BYTES: Final = 1 << 16
_GZIP_MAGIC: Final = b"\x1f\x8b"
_XZ_MAGIC: Final = b"\xfd7zXZ\x00"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)

Fingerprint = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class LineBlock:
    """Whole lines of a file: their bytes, and the 1-based line of the first."""

    data: bytes
    first_line: int
    _lines: list[bytes] | None = None

    def lines(self) -> list[bytes]:
        """The lines without their ends."""
        if self._lines is None:
            self._lines = [line.removesuffix(b"\r") for line in self.data.removesuffix(b"\n").split(b"\n")]
        return self._lines

    def line_count(self) -> int:
        """How many lines there are, the last perhaps without its end."""
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    def text(self, line: int) -> str:
        """A line as evidence: decoded whatever it holds, shortened."""
        return shortened(self.lines()[line - self.first_line].decode(errors="backslashreplace"))


def shortened(text: str) -> str:
    """Text short enough to be kept with a fault."""
    return text if len(text) <= FAULT_TEXT_CHARACTERS_MAX else text[: FAULT_TEXT_CHARACTERS_MAX - 3] + "..."


def content_source(paths: Sequence[Path]) -> str:
    """The source of a file's events: `file:` and 16 hexadecimal digits of the SHA-256 of the files' bytes, in order."""
    digest = hashlib.sha256()
    for path in paths:
        with _opened(path) as stream:
            while piece := stream.read(BLOCK_BYTES):
                digest.update(piece)
    return f"file:{digest.hexdigest()[:16]}"


def fingerprint(paths: Sequence[Path]) -> Fingerprint:
    """Size and time of change of each file, to notice that one changes while it is read."""
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in (path.stat() for path in paths))


def head_of(path: Path) -> bytes:
    """A file's first bytes, decompressed, without a byte order mark. Raises FormatError when it can not be read."""
    with open_content(path) as stream:
        head, damage = _read(stream, HEAD_BYTES)
    if damage is not None and not (head and isinstance(damage, EOFError)):
        raise FormatError(f"{path}: the compressed file is cut or damaged at its beginning: {damage}") from damage
    return head.removeprefix(_BYTE_ORDER_MARK)


def first_line(path: Path) -> str:
    """The first line of a text file. Raises FormatError when it is not UTF-8."""
    line = head_of(path).split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: line 1 is not UTF-8 text ({error}); found {line[:40]!r}") from error


def open_content(path: Path) -> IO[bytes]:
    """Opens a file for reading its content: plain, gzip or xz, told by its first bytes."""
    with _opened(path) as stream:
        magic = stream.read(len(_XZ_MAGIC))
    if magic.startswith(_GZIP_MAGIC):
        return cast(IO[bytes], gzip.open(path))
    if magic == _XZ_MAGIC:
        return lzma.open(path)
    return _opened(path)


def line_blocks(path: Path, report: FileReport) -> Iterator[LineBlock]:
    """The file's lines in blocks of about BLOCK_BYTES, the same blocks each time.

    Where a compressed file is cut, its whole lines before that, and `report.cut` says so. Raises FormatError, with the
    last readable line, when a compressed file is damaged otherwise or a line has no end.
    """
    next_line = 1
    carry = b""
    damage: Exception | None = None
    with open_content(path) as stream:
        while damage is None:
            piece, damage = _read(stream, BLOCK_BYTES)
            if not piece:
                break
            if next_line == 1 and not carry:
                piece = piece.removeprefix(_BYTE_ORDER_MARK)
            end = piece.rfind(b"\n") + 1
            if end:
                block = LineBlock(carry + piece[:end], next_line)
                next_line += block.data.count(b"\n")
                carry = piece[end:]
                yield block
            else:
                carry += piece
            if len(carry) > BLOCK_BYTES + LINE_BYTES_MAX:
                raise FormatError(
                    f"{path}: line {next_line} does not end within {len(carry)} bytes; is it a text file?"
                )
    if damage is not None:
        _say_cut(path, damage, next_line, bool(carry), report)
    elif carry:
        yield LineBlock(carry, next_line)


def _say_cut(path: Path, damage: Exception, next_line: int, is_within_line: bool, report: FileReport) -> None:
    """Notes in the report where a compressed file was cut; raises FormatError where it is damaged in another way."""
    read = f"{next_line - 1} lines before that could be read"
    if not isinstance(damage, EOFError):
        raise FormatError(
            f"{path}: the compressed file is damaged: {damage}. {read}; copy the file again or decompress what is left."
        ) from damage
    place = f"within line {next_line}" if is_within_line else f"after line {next_line - 1}"
    report.cut = (
        f"{path}: the compressed file is cut {place}; {read}, what came after them is not known. Copy the file again."
    )


class _Piecewise(Protocol):
    """What gives the bytes it has got before it says what is wrong with the next."""

    def read1(self, size: int, /) -> bytes:
        """At most so many bytes, empty at the end."""


def _read(stream: IO[bytes], size: int) -> tuple[bytes, Exception | None]:
    """So many bytes, fewer at the end or before damage, and the damage."""
    pieces: list[bytes] = []
    missing = size
    while missing:
        try:
            piece = cast(_Piecewise, stream).read1(missing)
        except _DAMAGE as error:
            return b"".join(pieces), error
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces), None


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise FormatError(f"{path}: can not be opened: {error.strerror}") from error
