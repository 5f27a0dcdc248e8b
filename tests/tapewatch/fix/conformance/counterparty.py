"""The other side of a strict session, written by hand: sends what it is told to and looks at every answer in full."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tapewatch.fix.codec import Field, Framer, Message, format_timestamp, parse_timestamp_ns
from tapewatch.fix.session import Session, SessionConfig, SessionOutput, business_reject
from tapewatch.fix.store import MemoryStore

START_NS = parse_timestamp_ns("20260105-09:00:00")
SECOND_NS = 1_000_000_000
HEADER = frozenset({8, 9, 10, 34, 35, 49, 52, 56})
NOT_ECHOED = HEADER | {43, 122}
ECHOED = frozenset({"D", "d"})

Delivery = Literal["whole", "single bytes"]
Body = Mapping[int, object]


@dataclass(frozen=True)
class Version:
    """A version of FIX as the suite speaks it."""

    begin_string: str
    target: str
    application_version: str = ""

    @property
    def is_fixt(self) -> bool:
        return bool(self.application_version)


VERSIONS = (Version("FIX.4.2", "TW42"), Version("FIX.4.4", "TW44"), Version("FIXT.1.1", "TW50SP2", "9"))


class Echo:
    """Sends orders and security definitions back; knows a possible resend by its ClOrdID; refuses the rest."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def answer(self, message: Message) -> list[tuple[str, Sequence[Field]]]:
        """What it says to a message."""
        if message.msg_type not in ECHOED:
            return [business_reject(message, 3, "Unsupported Message Type")]
        name = message.get(11)
        if name and message.get(97) == "Y" and name in self._seen:
            return []
        self._seen.add(name or "")
        return [
            (
                message.msg_type,
                [(tag, value.encode("latin-1")) for tag, value in message.fields if tag not in NOT_ECHOED],
            )
        ]


class Counterparty:
    """One connection to ISLD, with its own number, the number it expects back, and a clock that is a number."""

    def __init__(self, version: Version, delivery: Delivery = "whole", **settings: Any) -> None:
        self.version = version
        self.delivery = delivery
        config: dict[str, Any] = {"reset_on_logon": True, "mode": "strict", "role": "acceptor", **settings}
        if version.is_fixt:
            config["application_version"] = version.application_version
        self.config = SessionConfig(version.begin_string, "ISLD", version.target, **config)
        self.session = Session(self.config, MemoryStore())
        self.now_ns = START_NS
        self.echo = Echo()
        self.events: list[str] = []
        self.connect()

    # -- what it does

    def connect(self) -> None:
        """A new connection; numbers begin at 1 on both sides."""
        self.number = self.next_answer = 1
        self.answers: deque[Message] = deque()
        self.is_disconnected = False
        self._framer = Framer()
        self._take(self.session.connected(self.now_ns))

    def reconnect(self) -> None:
        """The connection is gone, and there is another."""
        self.session.disconnected()
        self.connect()

    def time(self, seconds: float = 0) -> str:
        """Our time, or one off by some seconds, to the second."""
        return format_timestamp(self.now_ns + int(seconds * SECOND_NS), 0)

    def head(self, msg_type: str, number: int | None = None, **changes: Any) -> list[Field]:
        """The header; the number counts on unless given. ``changes`` as t49="X" replace a field, None leaves it out."""
        if number is None:
            number = self.number
            self.number += 1
        fields: dict[int, Any] = {35: msg_type, 34: number, 49: self.version.target, 52: self.time(), 56: "ISLD"}
        fields |= {int(name[1:]): value for name, value in changes.items() if name != "begin"}
        return [(tag, value) for tag, value in fields.items() if value is not None]

    def send(self, msg_type: str, body: Iterable[Field] = (), number: int | None = None, **changes: Any) -> None:
        """Sends a message."""
        begin = str(changes.get("begin", self.version.begin_string))
        self.write(raw(begin, [*self.head(msg_type, number, **changes), *body]))

    def write(self, data: bytes) -> None:
        """Sends bytes, whole or one by one."""
        size = 1 if self.delivery == "single bytes" else max(len(data), 1)
        for start in range(0, len(data), size):
            if not self.is_disconnected:
                self._take(self.session.receive(data[start : start + size], self.now_ns))

    def wait(self, seconds: float) -> None:
        """Lets time pass in ticks of half a second."""
        for _ in range(int(seconds * 2)):
            self.now_ns += SECOND_NS // 2
            if not self.is_disconnected:
                self._take(self.session.tick(self.now_ns))

    def logon(self, heartbeat_s: int = 30, number: int | None = None, *more: Field) -> None:
        """Sends a Logon and takes the answer."""
        self.send("A", [(98, 0), (108, heartbeat_s), *more, *self.logon_fields()], number)
        self.expect("A", {98: 0, 108: heartbeat_s, **dict(more), **dict(self.logon_fields())})

    def logon_fields(self) -> list[Field]:
        """What a Logon of this version has besides."""
        return [(1137, self.version.application_version)] if self.version.is_fixt else []

    def order(self, *changes: Field, without: Iterable[int] = ()) -> list[Field]:
        """The body of a plain new order; ``changes`` replace or add at the end."""
        fields: dict[int, Any] = {11: "ID", 21: "3", 40: "1", 54: "1", 55: "INTC", 60: self.time()}
        fields.update(changes)
        return [(tag, value) for tag, value in fields.items() if tag not in set(without)]

    def order_echoed(self, number: int | None = None) -> None:
        """Sends a plain order and takes its echo."""
        body = self.order()
        self.send("D", body, number)
        self.expect("D", dict(body))

    # -- what it expects

    def expect(self, msg_type: str, body: Body | None = None, number: int | None = None) -> Message:
        """The next answer: its type, its number (the next, unless given) and every field beside the header's."""
        assert self.answers, f"expected 35={msg_type}, found nothing"
        answer = self.answers.popleft()
        if number is None:
            number = self.next_answer
            self.next_answer += 1
        found = {tag: value for tag, value in answer.fields if tag not in HEADER}
        expected = {tag: "Y" if value is True else str(value) for tag, value in (body or {}).items()}
        assert (answer.msg_type, found, answer.sequence) == (msg_type, expected, number), repr(answer)
        assert answer.begin_string == self.version.begin_string
        assert (answer.get(49), answer.get(56)) == ("ISLD", self.version.target)
        assert parse_timestamp_ns(answer.values[52]) == self.now_ns
        return answer

    def expect_reject(
        self, reference: int, text: str, reason: int, kind: str, tag: int | None = None, **route: str
    ) -> None:
        """A Reject; in 4.2 the reasons that version does not have are left out."""
        body: dict[int, object] = {45: reference, 58: text, 372: kind}
        body |= {} if tag is None else {371: tag}
        body |= {} if self.version.begin_string == "FIX.4.2" and reason > 11 else {373: reason}
        answer = self.expect("3", body | {int(name[1:]): value for name, value in route.items()})
        tags = [found for found, _ in answer.fields if found not in (8, 9, 10, 35)]
        assert tags == sorted(tags, key=lambda each: (each in body, each)), "header and body by their numbers"

    def expect_nothing(self) -> None:
        """No answer is left."""
        assert not self.answers, f"expected nothing, found {self.answers[0]!r}"
        assert not self.is_disconnected

    def expect_end(self) -> None:
        """No answer is left and the connection is closed."""
        assert not self.answers, f"expected the end, found {self.answers[0]!r}"
        assert self.is_disconnected

    def log_out(self, number: int | None = None) -> None:
        """Nothing is left to say: a Logout is answered and the connection ends."""
        self.expect_nothing()
        self.send("5", number=number)
        self.expect("5")
        self.expect_end()

    def alive(self, number: int | None = None) -> None:
        """Our numbers agree: a TestRequest is answered by the matching Heartbeat and nothing else."""
        self.send("1", [(112, "HELLO")], number)
        self.expect("0", {112: "HELLO"})
        self.expect_nothing()

    # -- parts

    def _take(self, output: SessionOutput) -> None:
        self._record(output)
        while output.messages and not self.is_disconnected:
            for message in output.messages:
                self.session.confirm(message)
                for msg_type, fields in self.echo.answer(message):
                    self._read(self.session.send(msg_type, fields, self.now_ns)[1])
            output = self.session.proceed(self.now_ns)
            self._record(output)

    def _record(self, output: SessionOutput) -> None:
        self._read(bytes(output.data))
        self.events += [f"{event.kind}: {event.text}" for event in output.events]
        self.is_disconnected = self.is_disconnected or output.disconnect

    def _read(self, data: bytes) -> None:
        for item in self._framer.feed(data):
            assert isinstance(item, Message), repr(item)
            self.answers.append(item)


def raw(begin: str, fields: Sequence[Field], length: int | None = None, check_sum: str | None = None) -> bytes:
    """A message as it is told, empty values too; a right BodyLength and CheckSum unless given."""
    body = b"".join(b"%d=%b\x01" % (tag, value_text(value)) for tag, value in fields)
    head = b"8=%b\x019=%d\x01" % (begin.encode(), len(body) if length is None else length)
    total = f"{sum(head + body) % 256:03d}" if check_sum is None else check_sum
    return head + body + b"10=%b\x01" % total.encode()


def value_text(value: object) -> bytes:
    """A value as bytes."""
    return value if isinstance(value, bytes) else str(value).encode("latin-1")
