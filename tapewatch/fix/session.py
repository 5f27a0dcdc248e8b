"""The FIX session as a state machine without I/O: bytes and the time in; messages, bytes and a verdict out.

The inbound number is stored only when the application confirmed the hand-on, so after a crash the peer sends again
what was not handed on; the outbound number is stored before the bytes leave. Rules: FIX transport 1.1 and FIX 4.0-4.4
session protocol, as FIX engines are commonly tested.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import cast

from tapewatch.fix.codec import Field, Framer, Garbled, Message, encode, format_timestamp
from tapewatch.fix.dictionary import ADMIN_TYPES, Problem, validate
from tapewatch.fix.resend import Gap, resend
from tapewatch.fix.session_checks import FatalError, check_envelope, check_logon, duplicate_problem, time_problem
from tapewatch.fix.session_config import SECOND_NS, EventKind, SessionConfig, SessionEvent, SessionOutput, State
from tapewatch.fix.store import SessionStore
from tapewatch.fix.wire.lane import Lane

__all__ = ["Session", "SessionConfig", "SessionEvent", "SessionOutput", "State"]

RESEND_BATCH = 500
RESENDS_WAITING_MAX = 4
TEST_REQUEST_FACTOR = 1.2
SILENCE_FACTOR = 2.4


class Session:
    """One session over its connections. Every step takes the time in ns and returns a SessionOutput.

    `peer_is_done`: the peer logged out by itself, in its turn and with nothing missing, and has not come back.
    """

    def __init__(self, config: SessionConfig, store: SessionStore) -> None:
        self.config = config
        self.store = store
        self.state = State.DISCONNECTED
        self.answered_test = ""
        self._framer = Framer(config.message_bytes_max)
        self._lane = Lane(*config.envelope)
        self._gap = Gap(config.gap_queue_max)
        self._outstanding: deque[int] = deque()
        self._resends: deque[Iterator[bytes]] = deque(maxlen=RESENDS_WAITING_MAX)
        self._expected = store.next_inbound
        self._heartbeat_ns = config.heartbeat_s * SECOND_NS
        self._now_ns = self._sent_ns = self._received_ns = self._state_ns = self._requested_ns = 0
        self._test_pending = self._is_paused = self.peer_is_done = False
        self._progress = 0
        self._out = SessionOutput()
        self._handlers: dict[str, Callable[[Message], None]] = {
            "0": self._on_heartbeat,
            "1": self._on_test_request,
            "2": self._on_resend_request,
            "3": self._on_reject,
            "4": self._on_gap_fill,
            "5": self._on_logout,
            "A": self._on_second_logon,
        }

    # -- steps

    def connected(self, now_ns: int) -> SessionOutput:
        """A connection stands: an initiator sends its Logon, an acceptor waits for one."""
        out = self._begin(now_ns)
        self._framer = Framer(self.config.message_bytes_max)
        self._set_state(State.AWAITING_LOGON)
        self._received_ns = self._sent_ns = now_ns
        self._is_paused = self._test_pending = self.peer_is_done = False
        if self.store.epoch == 0:
            self._reset()
        if self.config.role == "initiator":
            if self.config.reset_on_logon:
                self._reset()
            self._send_logon(self.config.reset_on_logon)
        return out

    def disconnected(self) -> None:
        """The connection is gone: everything not confirmed will be asked for again."""
        self._set_state(State.DISCONNECTED)
        self._gap.clear()
        self._resends.clear()
        self._outstanding.clear()
        self._expected = self.store.next_inbound

    def receive(self, data: bytes, now_ns: int) -> SessionOutput:
        """Takes bytes as they came."""
        out = self._begin(now_ns)
        found = self._framer.feed(data)
        place = 0
        while place < len(found) and not out.disconnect:
            taken = self._take_plain(found, place)
            if not taken:
                self._take_one(found[place])
            place += taken or 1
        if self._framer.skipped_byte_count > self.config.message_bytes_max:
            self._end("garbled", "more garbled bytes than a message may have")
        return out

    def tick(self, now_ns: int) -> SessionOutput:
        """Lets time pass: heartbeats, test requests, time-outs. Call it about once a second."""
        out = self._begin(now_ns)
        in_state_s = (now_ns - self._state_ns) / SECOND_NS
        if self.state is State.AWAITING_LOGON and in_state_s >= self.config.logon_timeout_s:
            self._end("timeout", f"no Logon within {self.config.logon_timeout_s} s")
        elif self.state is State.LOGOUT_SENT and in_state_s >= self.config.logout_timeout_s:
            self._end("timeout", f"no Logout within {self.config.logout_timeout_s} s")
        elif self.state is State.ACTIVE:
            self._watch_silence()
        return out

    def send(self, msg_type: str, fields: Iterable[Field], now_ns: int) -> tuple[int, bytes]:
        """Numbers, stores and encodes one business message; returns its number and the bytes to send."""
        sequence = self.store.next_outbound
        self._now_ns = now_ns
        data = encode(self.config.begin_string, [*self._head(msg_type, sequence), *fields])
        self.store.add_outbound(sequence, data)
        self._sent_ns = now_ns
        return sequence, data

    def test(self, text: str, now_ns: int) -> SessionOutput:
        """Sends a TestRequest; ``answered_test`` becomes its text when the peer answered."""
        out = self._begin(now_ns)
        self._emit("1", [(112, text)])
        return out

    def logout(self, now_ns: int, text: str = "") -> SessionOutput:
        """Asks to end the session; the peer's Logout or a time-out ends the connection."""
        out = self._begin(now_ns)
        if self.state is State.ACTIVE:
            self._emit("5", [(58, text)] if text else [])
            self._set_state(State.LOGOUT_SENT)
        elif self.state is State.AWAITING_LOGON:
            out.disconnect = True
        return out

    def confirm(self, message: Message) -> None:
        """The application handed on every message up to this one: only now they count as received."""
        if message.epoch != self.store.epoch:
            return  # numbers began again meanwhile
        sequence = message.sequence or 0
        while self._outstanding and self._outstanding[0] <= sequence:
            self._outstanding.popleft()
        self._store_inbound()

    def resend_more(self, now_ns: int) -> SessionOutput:
        """The next batch of what the peer asked to be sent again; empty when all is sent."""
        out = self._begin(now_ns)
        self._pull_resends()
        return out

    @property
    def is_resending(self) -> bool:
        """Whether ``resend_more`` has more."""
        return bool(self._resends)

    @property
    def expected(self) -> int:
        """The next inbound number."""
        return self._expected

    @property
    def unconfirmed_count(self) -> int:
        """How many messages wait for ``confirm``."""
        return len(self._outstanding)

    def pause_inbound(self) -> None:
        """We stopped reading: the peer's silence is our doing and no reason to hang up."""
        self._is_paused = True

    def resume_inbound(self, now_ns: int) -> None:
        """We read again."""
        self._is_paused = False
        self._received_ns = self._requested_ns = now_ns

    # -- inbound

    def _take_plain(self, found: list[Message | Garbled], first: int) -> int:
        """Takes at once what `_on_message` would take without a word, where nothing is missing; returns how many."""
        if self.config.mode == "strict" or self.state is not State.ACTIVE or not self._gap.is_idle(self._expected):
            return 0
        count = self._lane.count(found, first, self._expected, self._now_ns, self.store.epoch)
        if count:
            self._out.messages += cast(list[Message], found[first : first + count])
            self._outstanding.extend(range(self._expected, self._expected + count))
            self._expected += count
            self._received_ns, self._test_pending = self._now_ns, False
        return count

    def _take_one(self, message: Message | Garbled) -> None:
        if isinstance(message, Garbled):
            return self._note("garbled", f"ignored {message.byte_count} garbled bytes: {message.reason}")
        try:
            self._on_message(message)
        except FatalError as error:
            if self.state in (State.ACTIVE, State.LOGOUT_SENT) or message.msg_type == "A":
                self._emit("5", [(58, str(error))])
            self._end("refused", str(error))

    def _on_message(self, message: Message) -> None:
        self._received_ns = self._now_ns
        self._test_pending = False
        if self.state is State.AWAITING_LOGON and message.msg_type != "A":
            reason = f": {message.text(58)}" if message.msg_type == "5" else ""
            raise FatalError(f"expected a Logon first, found 35={message.msg_type}{reason}")
        if not self._check_envelope(message):
            return
        sequence = message.sequence or 0
        if message.msg_type == "4" and message.get(123) != "Y":
            self._on_sequence_reset(message)
        elif self._is_resetting(message):
            self._on_logon(message)
        elif sequence < self._expected:
            self._on_low(message, sequence)
        elif self.state is State.AWAITING_LOGON:
            self._on_logon(message)
        elif sequence > self._expected:
            self._on_early(message, sequence)
        else:
            self._accept(message, sequence)
        self._settle_gap()

    def _check_envelope(self, message: Message) -> bool:
        """Whether the message may be looked at; raises FatalError where the session cannot go on."""
        config = self.config
        check_envelope(config, message)
        if message.get(49) != config.target or message.get(56) != config.sender:
            self._refuse(message, Problem(9, 49, "CompID problem"))
            raise FatalError(f"CompID problem: expected {config.target}->{config.sender}")
        problem = time_problem(config, message, self._now_ns)
        if problem is not None:
            self._refuse(message, problem)
            if problem.reason == 10:
                raise FatalError(problem.text)
            if message.sequence == self._expected:
                self._advance(message.sequence + 1)
        return problem is None

    def _refuse(self, message: Message, problem: Problem) -> None:
        """A session-level Reject; before the logon nothing is said."""
        self._note("reject", f"{problem.text} in 35={message.msg_type} 34={message.get(34)}")
        if self.state is State.AWAITING_LOGON:
            return
        fields: list[Field] = [(45, message.sequence or 0)]
        if self.config.begin_string not in ("FIX.4.0", "FIX.4.1"):
            fields += [(371, problem.tag)] if problem.tag else []
            fields += [(372, message.msg_type or "?"), (373, problem.reason)]
        self._emit("3", [*fields, (58, problem.text)])

    def _accept(self, message: Message, sequence: int) -> None:
        """Takes the message whose turn it is."""
        problem = validate(message) if self.config.mode == "strict" else None
        handler = self._handlers.get(message.msg_type)
        if problem is not None:
            self._refuse(message, problem)
            self._advance(sequence + 1)
        elif handler is None:
            message.epoch = self.store.epoch
            self._out.messages.append(message)
            self._outstanding.append(sequence)
            self._expected = sequence + 1
        else:
            self._advance(sequence + 1)
            handler(message)

    def _on_low(self, message: Message, sequence: int) -> None:
        if message.get(43) != "Y":
            raise FatalError(f"MsgSeqNum too low, expecting {self._expected} but received {sequence}")
        problem = duplicate_problem(message)
        if problem is not None:
            self._refuse(message, problem)
            if problem.reason == 10:
                raise FatalError(problem.text)

    def _on_early(self, message: Message, sequence: int) -> None:
        """A number is missing: what comes early waits, save what must be answered now or both sides would wait."""
        self._gap.see(sequence)
        if message.msg_type == "2":
            self._on_resend_request(message)
        elif message.msg_type == "5":
            self._on_logout(message)
            self.peer_is_done = False  # what is missing it has yet to send
            return
        elif message.msg_type != "A":
            self._gap.keep(message, sequence)
        if not self._gap.is_requested:
            self._note("gap", f"expected {self._expected}, received {sequence}")
            self._request_resend()

    def _settle_gap(self) -> None:
        while (early := self._gap.take(self._expected)) is not None:
            self._accept(early, self._expected)
        if not self._out.disconnect and self._gap.settle(self._expected):
            self._request_resend()

    def _request_resend(self) -> None:
        first, last = self._gap.request(self._expected, self.config.resend_chunk)
        if self._gap.attempts > self.config.resend_attempts_max:
            raise FatalError(f"{self.config.resend_attempts_max} ResendRequests from {first} went unanswered")
        infinity = 999_999 if self.config.begin_string in ("FIX.4.0", "FIX.4.1") else 0
        self._emit("2", [(7, first), (16, last if self.config.resend_chunk else infinity)])
        self._requested_ns = self._now_ns
        self._note("resend", f"asked for {first} to {last}")

    # -- administrative messages

    def _is_resetting(self, message: Message) -> bool:
        if message.msg_type != "A":
            return False
        is_ours = self.config.role == "acceptor" and self.config.reset_on_logon and self.state is not State.ACTIVE
        return is_ours or message.get(141) == "Y"

    def _on_logon(self, message: Message) -> None:
        reset = self._is_resetting(message)
        check_logon(self.config, message, reset)
        answers_our_reset = self.config.role == "initiator" and self.config.reset_on_logon
        if reset and not (answers_our_reset and self.state is State.AWAITING_LOGON):
            self._reset()
        sequence = message.sequence or 0
        if sequence < self._expected:
            raise FatalError(f"MsgSeqNum too low, expecting {self._expected} but received {sequence}")
        before = self.store.next_outbound
        is_reply_due = self.config.role == "acceptor" or self.state is State.ACTIVE
        self._heartbeat_ns = (message.integer(108) or 0) * SECOND_NS
        self._set_state(State.ACTIVE)
        is_early = sequence > self._expected
        if not is_early:
            self._advance(sequence + 1)
        if is_reply_due:
            self._send_logon(message.get(141) == "Y")
        self.peer_is_done = False
        self._note("logon", f"{self.config.source} heartbeat {message.get(108)} s")
        self._answer_next_expected(message, before)
        if is_early and not (self.config.send_next_expected and message.get(789)):
            self._on_early(message, sequence)

    def _answer_next_expected(self, message: Message, before: int) -> None:
        """NextExpectedMsgSeqNum (789): the peer says what it misses; it is sent without being asked again."""
        wanted = message.integer(789)
        if wanted is None:
            return
        if wanted > before:
            raise FatalError(f"NextExpectedMsgSeqNum (789) too high, expecting at most {before} but received {wanted}")
        if wanted < before:
            self._start_resend(max(wanted, 1), before - 1)

    def _send_logon(self, reset: bool) -> None:
        heartbeat_s = self._heartbeat_ns // SECOND_NS if self.config.role == "acceptor" else self.config.heartbeat_s
        fields: list[Field] = [(98, 0), (108, heartbeat_s)]
        fields += [(141, True)] if reset else []
        fields += [(789, self._expected)] if self.config.send_next_expected else []
        if self.config.role == "initiator" and self.config.username:
            fields += [(553, self.config.username), (554, self.config.password)]
        fields += [(1137, self.config.application_version)] if self.config.is_transport_only else []
        self._emit("A", fields)

    def _on_second_logon(self, message: Message) -> None:
        self._note("flag", f"ignored a second Logon, 34={message.get(34)}")

    def _on_heartbeat(self, message: Message) -> None:
        self.answered_test = message.get(112) or self.answered_test

    def _on_test_request(self, message: Message) -> None:
        text = message.get(112)
        self._emit("0", [(112, text.encode("latin-1"))] if text else [])

    def _on_reject(self, message: Message) -> None:
        self._note("reject", f"the peer rejected our {message.get(45)}: {message.text(58)}")

    def _on_resend_request(self, message: Message) -> None:
        first, last = message.integer(7), message.integer(16)
        newest = self.store.next_outbound - 1
        if first is None or last is None or first > newest:
            self._note("flag", f"nothing to resend for 7={message.get(7)} 16={message.get(16)}, newest is {newest}")
            return
        last = newest if last == 0 or last > newest else last
        self._start_resend(max(first, 1), last)

    def _start_resend(self, first: int, last: int) -> None:
        if first > last or len(self._resends) == RESENDS_WAITING_MAX:
            self._note("flag", f"ignored a request to resend {first} to {last}")
            return
        self._note("resend", f"sending {first} to {last} again")
        self._resends.append(resend(self.store, first, last, self.config.begin_string, self._head))
        self._pull_resends()

    def _pull_resends(self) -> None:
        if not self._resends:
            return
        batch = list(islice(self._resends[0], RESEND_BATCH))
        self._out.data += b"".join(batch)
        self._sent_ns = self._now_ns
        if len(batch) < RESEND_BATCH:
            self._resends.popleft()

    def _on_sequence_reset(self, message: Message) -> None:
        """SequenceReset-Reset: the number moves on regardless of 34, never back."""
        following = message.integer(36)
        if following is None or following < self._expected:
            text = f"NewSeqNo (36): expected at least {self._expected}, found {message.get(36)}"
            self._refuse(message, Problem(5, 36, text))
            return
        self._note("reset", f"the peer moved on from {self._expected} to {following}")
        self._advance(following)

    def _on_gap_fill(self, message: Message) -> None:
        following = message.integer(36)
        if following is None or following < self._expected:
            text = f"NewSeqNo (36): expected at least {self._expected}, found {message.get(36)}"
            self._refuse(message, Problem(5, 36, text))
            return
        self._advance(following)

    def _on_logout(self, message: Message) -> None:
        self.peer_is_done = self.state is State.ACTIVE
        if self.state is not State.LOGOUT_SENT:
            self._emit("5", [])
        self._end("logout", f"the peer logged out {message.text(58)}".rstrip())

    # -- time

    def _watch_silence(self) -> None:
        if self._heartbeat_ns == 0:
            return
        if self._now_ns - self._sent_ns >= self._heartbeat_ns:
            self._emit("0", [])
        if self._is_paused:
            return
        silent_ns = self._now_ns - self._received_ns
        if silent_ns >= self._heartbeat_ns * SILENCE_FACTOR:
            self._emit("5", [(58, "no answer to a TestRequest")])
            self._end("timeout", f"the peer was silent for {silent_ns // SECOND_NS} s")
        elif silent_ns >= self._heartbeat_ns * TEST_REQUEST_FACTOR and not self._test_pending:
            self._test_pending = True
            self._emit("1", [(112, format_timestamp(self._now_ns))])
        if self._gap.is_requested:
            self._watch_request()

    def _watch_request(self) -> None:
        """Repeats a request for which nothing came for a heartbeat; a long answer is left to come."""
        if self._expected != self._progress:
            self._progress, self._requested_ns = self._expected, self._now_ns
        if self._now_ns - self._requested_ns < self._heartbeat_ns:
            return
        try:
            self._request_resend()
        except FatalError as error:
            self._emit("5", [(58, str(error))])
            self._end("timeout", str(error))

    # -- parts

    def _begin(self, now_ns: int) -> SessionOutput:
        self._now_ns = now_ns
        self._out = SessionOutput()
        return self._out

    def _set_state(self, state: State) -> None:
        self.state = state
        self._state_ns = self._now_ns

    def _reset(self) -> None:
        self.store.reset(self._now_ns)
        self._gap.clear()
        self._resends.clear()
        self._outstanding.clear()
        self._expected = self.store.next_inbound
        self._note("reset", f"numbers begin again at 1, epoch {self.store.epoch}")

    def _advance(self, following: int) -> None:
        self._expected = following
        self._store_inbound()

    def _store_inbound(self) -> None:
        self.store.set_next_inbound(self._outstanding[0] if self._outstanding else self._expected)

    def _head(self, msg_type: str, sequence: int) -> list[Field]:
        digits = 0 if self.config.begin_string in ("FIX.4.0", "FIX.4.1") else self.config.timestamp_digits
        return [
            (35, msg_type),
            (49, self.config.sender),
            (56, self.config.target),
            (34, sequence),
            (52, format_timestamp(self._now_ns, digits)),
        ]

    def _emit(self, msg_type: str, fields: list[Field]) -> None:
        assert msg_type in ADMIN_TYPES
        sequence = self.store.next_outbound
        data = encode(self.config.begin_string, [*self._head(msg_type, sequence), *fields])
        self.store.add_outbound(sequence, b"")
        self._out.data += data
        self._sent_ns = self._now_ns

    def _note(self, kind: EventKind, text: str) -> None:
        self._out.events.append(SessionEvent(kind, text))

    def _end(self, kind: EventKind, text: str) -> None:
        self._note(kind, text)
        self._out.disconnect = True
