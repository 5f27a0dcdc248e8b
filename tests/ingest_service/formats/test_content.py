import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest_service.formats import content
from ingest_service.formats.content import content_source, head_of, line_blocks
from ingest_service.formats.contract import FileReport, FormatError

REPORT = FileReport(Path("file"), "any")


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


def test_blocks_hold_whole_lines_and_number_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "BLOCK_BYTES", 10)
    blocks = list(line_blocks(written(tmp_path, b"one\ntwo\nthree is longer\nfour\r\nfive"), REPORT))
    lines = [(block.first_line + place, line) for block in blocks for place, line in enumerate(block.lines())]
    assert lines == [(1, b"one"), (2, b"two"), (3, b"three is longer"), (4, b"four"), (5, b"five")]
    assert sum(block.line_count() for block in blocks) == 5
    assert len(blocks) > 2


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_compressed_lines_read_as_plain_ones(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    path = written(tmp_path, compress(b"\xef\xbb\xbfone\ntwo\n"))
    assert [block.lines() for block in line_blocks(path, REPORT)] == [[b"one", b"two"]]
    assert head_of(path) == b"one\ntwo\n"


def test_a_line_without_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "BLOCK_BYTES", 10)
    monkeypatch.setattr(content, "LINE_BYTES_MAX", 10)
    with pytest.raises(FormatError, match=r"line 2 does not end within 2[0-9] bytes; is it a text file"):
        list(line_blocks(written(tmp_path, b"one\n" + b"x" * 100), REPORT))


def test_a_damaged_compressed_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="file: the compressed file is cut or damaged at its beginning"):
        head_of(written(tmp_path, gzip.compress(b"one\n")[:10]))


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
def test_a_cut_file_gives_its_whole_lines_and_says_where_it_was_cut(
    compress: Callable[[bytes], bytes], block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "BLOCK_BYTES", block_bytes)
    lines = [f"line {index * 7919 % 1009} of many".encode() for index in range(20_000)]
    packed = compress(b"\n".join(lines))
    report = FileReport(tmp_path, "any")
    path = written(tmp_path, packed[: len(packed) * 2 // 3])
    found = [line for block in line_blocks(path, report) for line in block.lines()]
    assert 100 < len(found) < len(lines)
    assert found == lines[: len(found)]
    assert f"is cut within line {len(found) + 1}; {len(found)} lines before that" in report.cut
    assert head_of(path).startswith(lines[0])


def test_a_file_whose_checksum_is_wrong_is_an_error(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"one\ntwo\n"))
    packed[-5] ^= 1
    with pytest.raises(FormatError, match=r"the compressed file is damaged: .*copy the file again"):
        list(line_blocks(written(tmp_path, bytes(packed)), REPORT))


def test_the_source_covers_all_files_that_make_the_content(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"a")
    two.write_bytes(b"bc")
    assert content_source([one, two]) == "file:ba7816bf8f01cfea"  # the SHA-256 of abc
    assert content_source([one]) == "file:ca978112ca1bbdca"


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"nowhere.csv: can not be opened: No such file or directory"):
        head_of(tmp_path / "nowhere.csv")
