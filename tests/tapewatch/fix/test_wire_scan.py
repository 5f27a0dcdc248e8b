"""Whole messages cut by compiled code are those the careful framer finds, and the fast lane takes what it takes."""

from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tapewatch.fix import codec
from tapewatch.fix.codec import Framer, Garbled, Message, encode
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.session_config import SessionOutput
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.wire import scan
from tests.tapewatch.fix.fix_peer import START_NS, report_fields
from tests.tapewatch.fix.interpreted import interpreted

INTERPRETED = interpreted("tapewatch.fix.wire.scan")
INTERPRETED.Message = interpreted("tapewatch.fix.message").Message  # type: ignore[attr-defined]  # compiled, it hides its places
SENT = (52, "20260105-09:00:00.000")
PLAIN = [
    encode("FIX.4.4", [(35, "8"), (49, "VENUE"), (56, "US"), (34, number), SENT, *report_fields(f"E{number}")])
    for number in (2, 3, 4)
]
LOGON = encode("FIX.4.4", [(35, "A"), (49, "VENUE"), (56, "US"), (34, 1), SENT, (98, 0), (108, 30)])
ODD = [
    encode("FIX.4.4", [(35, "B"), (95, 5), (96, b"a\x01=\x01b"), (58, "ü"), (58, "again")]),
    encode("FIXT.1.1", [(35, "8"), (0, "zero"), (-5, "less"), (123456789, "most")]),
    b"8=FIX.4.4\x019=0005\x0135=0\x0110=163\x01",
    b"8=FIX.4.4\x019=5\x0134=0\x0110=163\x01",
    b"8=FIX.4.4\x019=999999999999\x0135=0\x0110=163\x01",
    b"8=FIX.4.4\x0110=000\x01",
    b"junk",
]


def seen(item: Message | Garbled) -> tuple[object, ...]:
    if isinstance(item, Garbled):
        return repr(item), item.byte_count
    header = item.begin_string, item.msg_type, item.sequence
    return item.raw, *header, dict(item.values), list(item.fields)


def framed(pieces: list[bytes], module: ModuleType | None) -> list[tuple[object, ...]]:
    """What the framer finds by the module's scan; by itself alone without one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "COMPILED", module is not None)
        patch.setattr(codec, "take_whole", module.take_whole if module else None)
        framer = Framer(4096)
        return [seen(item) for piece in pieces for item in framer.feed(piece)] + [seen(i) for i in framer.finish()]


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Messages, a byte of them changed here and there."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(PLAIN + ODD), max_size=5))))
    for _ in range(draw(st.integers(0, 3)) if data else 0):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.sampled_from(b"\x01=0519|\xff8"))
    return bytes(data)


@settings(deadline=None)
@given(streams(), st.integers(1, 400))
@example(b"".join(PLAIN + ODD + PLAIN), 1000)
@example(b"".join(ODD), 1)
def test_every_way_of_framing_finds_the_same(data: bytes, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    alone = framed(pieces, None)
    assert framed(pieces, scan) == alone
    assert framed(pieces, INTERPRETED) == alone


def test_plain_messages_are_taken_by_the_scan() -> None:
    found: list[Message] = []
    data = b"".join(PLAIN) + ODD[-1]
    assert scan.take_whole(data, 0, 4096, found) == len(data) - len(ODD[-1])
    assert [message.raw for message in found] == PLAIN


def session() -> Session:
    made = Session(SessionConfig("FIX.4.4", "US", "VENUE", role="acceptor"), MemoryStore())
    made.connected(START_NS)
    assert not made.receive(LOGON, START_NS).disconnect
    return made


def told(out: SessionOutput) -> tuple[object, ...]:
    return [(m.raw, m.epoch) for m in out.messages], bytes(out.data), out.disconnect, out.events


CHANGES = st.dictionaries(
    st.sampled_from([34, 35, 43, 49, 52, 56, 97, 122]),
    st.sampled_from(["2", "3", "9", "A", "0", "D", "Y", "N", "VENUE", "XX", SENT[1], "20260105-08:00:00", "soon", ""]),
    max_size=2,
)


@settings(deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_a_session_says_and_takes_the_same_without_the_fast_lane(changes: list[dict[int, str]]) -> None:
    messages = []
    for number, change in enumerate(changes, 2):
        header = {35: "8", 49: "VENUE", 56: "US", 34: str(number), 52: SENT[1]} | change
        messages.append(encode("FIX.4.4", [(tag, value) for tag, value in header.items() if value]))
    quick, careful = session(), session()
    data = b"".join(message for message in messages if b"\x0135=" in message)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "COMPILED", False)
        expected = told(careful.receive(data, START_NS))
    assert told(quick.receive(data, START_NS)) == expected
    assert (quick.expected, quick.unconfirmed_count, quick.state) == (
        careful.expected,
        careful.unconfirmed_count,
        careful.state,
    )
