"""A counterparty for session tests: writes messages by hand and reads what a session answers; the clock is a number."""

from collections.abc import Iterable
from typing import Any

from tapewatch.fix.codec import Field, Framer, Message, encode, format_timestamp, parse_timestamp_ns
from tapewatch.fix.session import Session, SessionConfig, SessionOutput
from tapewatch.fix.store import MemoryStore, SessionStore

START_NS = parse_timestamp_ns("20260105-09:00:00")
SECOND_NS = 1_000_000_000


def fields_of(message: Message, *tags: int) -> tuple[str | None, ...]:
    """Some values of a message."""
    return tuple(message.get(tag) for tag in tags)


class Peer:
    """The other side of one acceptor session, THEM -> US, with its own outbound number and the fake clock."""

    def __init__(self, store: SessionStore | None = None, now_ns: int = START_NS, **settings: Any) -> None:
        self.config = SessionConfig(
            **{"begin_string": "FIX.4.4", "sender": "US", "target": "THEM", "role": "acceptor", **settings}
        )
        self.store = store or MemoryStore()
        self.session = Session(self.config, self.store)
        self.now_ns = now_ns
        self.sequence = 1
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self.events: list[str] = []
        self.is_disconnected = False
        self._framer = Framer()
        self.take(self.session.connected(self.now_ns))

    def write(self, msg_type: str, fields: Iterable[Field] = (), sequence: int | None = None, **head: object) -> bytes:
        """The bytes of a message; the number counts on unless given. ``head``: t52, t49, t56 or begin to replace."""
        number = self.sequence if sequence is None else sequence
        if sequence is None:
            self.sequence += 1
        start: list[Field] = [
            (35, msg_type),
            (49, str(head.get("t49", self.config.target))),
            (56, str(head.get("t56", self.config.sender))),
            (34, number),
            (52, str(head.get("t52", format_timestamp(self.now_ns)))),
        ]
        return encode(str(head.get("begin", self.config.begin_string)), [*start, *fields])

    def send(
        self, msg_type: str, fields: Iterable[Field] = (), sequence: int | None = None, **head: object
    ) -> list[Message]:
        """Sends a message; returns what the session answered."""
        return self.feed(self.write(msg_type, fields, sequence, **head))

    def feed(self, data: bytes) -> list[Message]:
        """Sends bytes; returns what the session answered."""
        return self.take(self.session.receive(data, self.now_ns))

    def logon(self, *fields: Field, sequence: int | None = None, heartbeat_s: int = 30) -> list[Message]:
        """Sends a Logon."""
        return self.send("A", [(98, 0), (108, heartbeat_s), *fields], sequence)

    def wait(self, seconds: float) -> list[Message]:
        """Lets time pass in ticks of a second; returns what the session sent."""
        answers: list[Message] = []
        for _ in range(round(seconds)):
            self.now_ns += SECOND_NS
            answers += self.take(self.session.tick(self.now_ns))
        return answers

    def take(self, output: SessionOutput) -> list[Message]:
        """Records an output; returns the messages in its bytes."""
        answers = [item for item in self._framer.feed(bytes(output.data)) if isinstance(item, Message)]
        self.sent += answers
        self.received += output.messages
        self.events += [f"{event.kind}: {event.text}" for event in output.events]
        self.is_disconnected = self.is_disconnected or output.disconnect
        return answers

    def numbers(self) -> list[int | None]:
        """MsgSeqNums the application got."""
        return [message.sequence for message in self.received]


def report_fields(execution_id: str = "E1", **changes: str) -> list[Field]:
    """The body of a plain execution report; ``changes`` as t44="10"."""
    fields: dict[int, str] = {
        37: "O1", 11: "C1", 17: execution_id, 150: "0", 39: "0", 55: "ABC", 54: "1", 38: "100", 44: "10.5",
        151: "100", 14: "0", 6: "0", 60: "20260105-09:00:00.000001",
    }  # fmt: skip
    fields.update({int(name[1:]): value for name, value in changes.items()})
    return [(tag, value) for tag, value in fields.items() if value]
