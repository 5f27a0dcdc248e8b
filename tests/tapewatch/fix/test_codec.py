import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.engine_mode import core_sources, extension_beside, stale_modules
from tapewatch.fix.codec import Field, Framer, Garbled, Message, checksum, encode, parse_fields
from tapewatch.fix.groups import DATA_LENGTH_TAGS
from tests.tapewatch.fix.fix_peer import report_fields

FIX_CORE = ("tapewatch.fix.codec", "tapewatch.fix.message", "tapewatch.fix.timestamps")
UNUSABLE = frozenset(stale_modules()) | {
    name for name, path in core_sources().items() if name in FIX_CORE and extension_beside(path) is None
}
HEAD: list[Field] = [(35, "8"), (49, "THEM"), (56, "US"), (34, 7), (52, "20260105-09:00:00")]
REPORT = encode("FIX.4.4", [*HEAD, *report_fields()])
BEAT: list[Field] = [(35, "0"), (49, "THEM"), (56, "US"), (34, 8), (52, "20260105-09:00:01")]
OTHER = encode("FIX.4.2", BEAT)


def shown(items: list[Message | Garbled]) -> list[str]:
    return [repr(item) for item in items]


def whole(data: bytes) -> list[str]:
    framer = Framer(message_bytes_max=4096)
    return shown(framer.feed(data) + framer.finish())


def byte_by_byte(data: bytes) -> list[str]:
    framer = Framer(message_bytes_max=4096)
    items = [item for place in range(len(data)) for item in framer.feed(data[place : place + 1])]
    return shown(items + framer.finish())


def with_body(body: bytes, length: bytes | None = None) -> bytes:
    head = b"8=FIX.4.4\x019=" + (length or b"%d" % len(body)) + b"\x01" + body
    return head + b"10=%03d\x01" % checksum(head)


def test_a_message_is_read_field_by_field_in_order() -> None:
    (message,) = Framer().feed(REPORT)
    assert isinstance(message, Message)
    assert [tag for tag, _ in message.fields][:5] == [8, 9, 35, 49, 56]
    assert (message.msg_type, message.sequence, message.get(44), message.get(999)) == ("8", 7, "10.5", None)
    assert message.raw == REPORT


def test_several_messages_in_one_read_come_out_in_order() -> None:
    assert [item.get(34) for item in Framer().feed(REPORT + OTHER) if isinstance(item, Message)] == ["7", "8"]


def test_a_zero_padded_body_length_is_accepted() -> None:
    assert isinstance(Framer().feed(with_body(b"35=0\x0134=1\x01", b"000010"))[0], Message)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (REPORT[:-4] + b"000\x01", "CheckSum"),
        (b"8=FIX.4.4\x0135=0\x019=5\x0110=000\x01", "BodyLength (9) as the second field"),
        (b"8=FIX.4.4\x019=abc\x0135=0\x0110=000\x01", "not a number"),
        (b"8=FIX.4.4\x019=999999999\x0135=0\x0110=000\x01", "above the limit"),
        (with_body(b"35=0\x0134=1\x01", b"9"), "no CheckSum (10)"),
        (with_body(b"34=1\x0135=0\x01"), "8, 9, 35 first"),
        (with_body(b"35=0\x01abc=1\x01"), "tag is not a number"),
        (with_body(b"35=0\x01034=1\x01"), "tag is not a number"),
        (with_body(b"35=0\x01nonsense\x01"), "without '='"),
        (b"hello, is this the web server?\r\n\r\n", "8=FIX at the start"),
        (b"8=FIX.4.4 without any end to the version\x01", "BeginString has no end"),
    ],
)
def test_garbled_bytes_are_reported_and_the_next_message_is_found(data: bytes, reason: str) -> None:
    garbled, message = Framer(message_bytes_max=4096).feed(data + OTHER)
    assert isinstance(garbled, Garbled)
    assert reason in garbled.reason
    assert (garbled.raw, garbled.byte_count) == (data, len(data))
    assert isinstance(message, Message)
    assert message.raw == OTHER


def test_a_tag_below_one_is_read_for_the_session_to_refuse() -> None:
    (message,) = Framer().feed(with_body(b"35=0\x0134=1\x010=a\x01-1=b\x01"))
    assert isinstance(message, Message)
    assert (message.get(0), message.get(-1)) == ("a", "b")


@pytest.mark.parametrize("feed", ["whole", "single bytes"])
@pytest.mark.parametrize(
    ("damaged", "kept"),
    [
        (with_body(b"35=0\x0134=1\x01", b"5"), [REPORT, OTHER]),
        (with_body(b"35=0\x0134=1\x01", b"40"), [OTHER]),
        (with_body(b"35=0\x0134=1\x01")[:-4] + b"0\x01", [REPORT, OTHER]),
    ],
)
def test_a_wrong_body_length_can_end_at_the_trailer_behind_it(feed: str, damaged: bytes, kept: list[bytes]) -> None:
    framer = Framer(ends_at_trailer=True)
    stream = damaged + REPORT + OTHER
    pieces = [stream] if feed == "whole" else [stream[place : place + 1] for place in range(len(stream))]
    garbled, *messages = [item for piece in pieces for item in framer.feed(piece)]
    assert isinstance(garbled, Garbled)
    assert [item.raw for item in messages if isinstance(item, Message)] == kept


def test_a_trailer_is_not_waited_for_without_end() -> None:
    framer = Framer(ends_at_trailer=True)
    assert framer.feed(with_body(b"35=0\x0134=1\x01", b"5")[:-1] + b"x" * 70_000) == []
    assert framer.skipped_byte_count > 70_000


def test_a_text_that_mentions_fix_is_no_start_of_a_message() -> None:
    damaged = encode("FIX.4.4", [*HEAD, (58, "FIX is spoken here")])[:-4] + b"000\x01"
    assert [type(item) for item in Framer().feed(b"x" + damaged + OTHER)] == [Garbled, Garbled, Message]


def test_a_data_field_may_hold_the_delimiter_and_a_whole_message() -> None:
    data = encode("FIX.4.4", [*HEAD, (95, len(OTHER)), (96, OTHER), (58, "after")])
    (message,) = Framer().feed(data)
    assert isinstance(message, Message)
    assert message.values[96].encode("latin-1") == OTHER
    assert message.get(58) == "after"


def test_a_data_length_that_lies_does_not_lose_the_message() -> None:
    assert parse_fields("95=99\x0196=abc\x0158=x") == [(95, "99"), (96, "abc"), (58, "x")]


def test_what_is_skipped_without_end_takes_no_memory() -> None:
    framer = Framer()
    for _ in range(50):
        assert framer.feed(b"x" * 100_000) == []
    assert framer.skipped_byte_count > 4_900_000
    (garbled,) = framer.finish()
    assert isinstance(garbled, Garbled)
    assert len(garbled.raw) == 4096


def test_a_large_message_in_single_bytes_is_not_looked_at_again_for_each() -> None:
    large = encode("FIX.4.4", [*HEAD, (95, 300_000), (96, b"x" * 300_000)])
    framer = Framer()
    found = [item for place in range(len(large)) for item in framer.feed(large[place : place + 1])]
    assert [item.raw for item in found if isinstance(item, Message)] == [large]


@pytest.mark.parametrize("value", ["", "a\x01b", float("nan"), float("inf"), b"\x01"])
def test_a_value_that_cannot_be_sent_is_refused_naming_the_tag(value: str | float | bytes) -> None:
    with pytest.raises(ValueError, match="tag 58"):
        encode("FIX.4.4", [*HEAD, (58, value)])


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e-12, "0.000000000001"), (1e20, "100000000000000000000"), (True, "Y"), (-5, "-5")],
)
def test_numbers_go_out_as_their_shortest_decimal(value: float | bool | int, text: str) -> None:
    (message,) = Framer().feed(encode("FIX.4.4", [*HEAD, (44, value)]))
    assert isinstance(message, Message)
    assert message.get(44) == text


def test_text_of_people_survives_as_utf8() -> None:
    (message,) = Framer().feed(encode("FIX.4.4", [*HEAD, (58, "Zürich €")]))
    assert isinstance(message, Message)
    assert message.text(58) == "Zürich €"


@given(st.binary(max_size=700))
def test_checksum_is_the_sum_of_the_bytes(data: bytes) -> None:
    assert checksum(data) == sum(data) % 256


pieces = st.one_of(
    st.sampled_from([REPORT, OTHER, REPORT[:40], OTHER[5:], b"8=FIX", b"8=FIX.4.4\x019=", b"\x01", b"9=5\x01"]),
    st.sampled_from([with_body(b"35=0\x0195=3\x0196=\x01\x01\x01\x01"), with_body(b"35=0\x01=1\x01")]),
    st.binary(max_size=12),
)


@given(st.lists(pieces, max_size=8).map(b"".join))
def test_one_byte_at_a_time_gives_what_the_whole_gives(data: bytes) -> None:
    assert byte_by_byte(data) == whole(data)


@given(st.lists(pieces, max_size=8).map(b"".join), st.data())
def test_every_byte_is_in_a_message_or_reported_garbled(data: bytes, draw: st.DataObject) -> None:
    framer = Framer(message_bytes_max=4096)
    cut = draw.draw(st.integers(0, len(data)))
    items = framer.feed(data[:cut]) + framer.feed(data[cut:]) + framer.finish()
    sizes = [item.byte_count if isinstance(item, Garbled) else len(item.raw) for item in items]
    assert sum(sizes) == len(data)


field_values = st.text(st.characters(exclude_characters="\x01", codec="utf-8"), min_size=1, max_size=20)


@given(
    st.lists(
        st.tuples(st.integers(100, 9999).filter(lambda tag: tag not in DATA_LENGTH_TAGS), field_values), max_size=12
    )
)
def test_what_is_written_is_read_again(fields: list[tuple[int, str]]) -> None:
    (message,) = Framer().feed(encode("FIX.4.4", [*HEAD, *fields]))
    assert isinstance(message, Message)
    assert [(tag, value.encode("latin-1").decode()) for tag, value in message.fields[7:-1]] == fields


SAMPLES = [REPORT + OTHER, b"junk" + REPORT[:-4] + b"000\x01" + OTHER, REPORT[:50], b"8=FIX.4.4\x019=5\x01" + OTHER]
SAMPLE_PROGRAM = """
import sys
from tapewatch.fix import codec
for text in sys.argv[1:]:
    framer = codec.Framer(4096)
    print([repr(item) for item in framer.feed(bytes.fromhex(text)) + framer.finish()])
"""


def answer_of(mode: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", SAMPLE_PROGRAM, *(data.hex() for data in SAMPLES)],
        env={**os.environ, "TAPEWATCH_ENGINE": mode},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def test_the_interpreted_codec_answers_as_this_process_does() -> None:
    assert answer_of("interpreted").splitlines() == [str(whole(data)) for data in SAMPLES]


@pytest.mark.skipif(not UNUSABLE.isdisjoint(FIX_CORE), reason="the FIX codec is not compiled here")
def test_the_compiled_codec_answers_as_the_interpreted_one() -> None:
    assert answer_of("compiled") == answer_of("interpreted")
