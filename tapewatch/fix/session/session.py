"""The session itself: takes steps, decides what a message means, and says what to send and what to hand on.

The inbound number is stored only when the application confirmed the hand-on, so after a crash the peer sends again
what was not handed on; the outbound number is stored before the bytes leave. Rules: FIX transport 1.1 and FIX 4.0-4.4
session protocol, as FIX engines are commonly tested (docs/fix-conformance.md).
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import cast

from tapewatch.fix.codec import Field, Garbled, Message
from tapewatch.fix.dictionary import ANY_USER_TAG, Problem, Reason, dictionary_for, validate
from tapewatch.fix.session.checks import (
    FatalError,
    SilentError,
    check_logon,
    duplicate_problem,
    envelope_problem,
    next_expected_number,
    sending_time_problem,
)
from tapewatch.fix.session.conversation import Conversation
from tapewatch.fix.session_config import SECOND_NS, SessionConfig, SessionOutput, State
from tapewatch.fix.store import SessionStore
from tapewatch.fix.wire.lane import Lane


class Session(Conversation):
    """One session over its connections. Every step takes the time in ns and returns a SessionOutput.

    In strict mode what comes behind an application's message waits for ``confirm`` and then ``proceed``: the answers
    leave in the order of what they answer. ``peer_is_done``: the peer logged out by itself, in its turn and with
    nothing missing, and has not come back.
    """

    def __init__(self, config: SessionConfig, store: SessionStore) -> None:
        super().__init__(config, store)
        self.answered_test = ""
        self.peer_is_done = False
        self._framer = self._new_framer()
        self._lane = Lane(*config.envelope)
        self._held: deque[Message | Garbled] = deque()
        self._application_version = config.application_version
        self._session_ns = self._progress = 0
        self._handlers: dict[str, Callable[[Message], None]] = {
            "0": self._on_heartbeat,
            "1": self._on_test_request,
            "2": self._on_resend_request,
            "3": self._on_reject,
            "4": self._on_gap_fill,
            "A": self._on_second_logon,
        }

    # -- steps

    def connected(self, now_ns: int) -> SessionOutput:
        """A connection stands: an initiator sends its Logon, an acceptor waits for one."""
        out = self._begin(now_ns)
        self._framer = self._new_framer()
        self._held.clear()
        self._set_state(State.AWAITING_LOGON)
        self._liveness.connected(now_ns)
        self._outbound.sent_ns = now_ns
        self.peer_is_done = False
        if not self._begin_scheduled():
            return out
        if self.store.epoch == 0:
            self._reset("")
        if self.config.role == "initiator":
            if self.config.reset_on_logon:
                self._reset("we log on")
            self._send_logon(self.config.reset_on_logon)
        return out

    def disconnected(self) -> SessionOutput:
        """The connection is gone: everything not confirmed will be asked for again. Only the events matter."""
        out = self._begin(self._now_ns)
        if self.config.reset_on_disconnect and self.state is not State.DISCONNECTED:
            self._reset("the connection ended")
        self._set_state(State.DISCONNECTED)
        self._held.clear()
        self._outbound.forget_resends()
        self._inbound.begin_again()
        return out

    def receive(self, data: bytes, now_ns: int) -> SessionOutput:
        """Takes bytes as they came."""
        out = self._begin(now_ns)
        self._work(self._framer.feed(data))
        if self._framer.skipped_byte_count > self.config.message_bytes_max:
            self._end("garbled", "more garbled bytes than a message may have")
        return out

    def proceed(self, now_ns: int) -> SessionOutput:
        """Goes on with what waited for ``confirm``; call it once the answers of the application are sent."""
        out = self._begin(now_ns)
        self._work([])
        return out

    def tick(self, now_ns: int) -> SessionOutput:
        """Lets time pass: heartbeats, test requests, time-outs. Call it about once a second."""
        out = self._begin(now_ns)
        in_state_s = (now_ns - self._state_ns) / SECOND_NS
        if self.state is State.AWAITING_LOGON and in_state_s >= self.config.logon_timeout_s:
            self._end("timeout", f"no Logon within {self.config.logon_timeout_s} s")
        elif self.state is State.LOGOUT_SENT and in_state_s >= self._logout_limit_s:
            self._end("timeout", f"no Logout within {self._logout_limit_s} s")
        elif self.state is State.ACTIVE:
            self._watch_schedule()
            self._watch_silence()
        return out

    def send(self, msg_type: str, fields: Iterable[Field], now_ns: int) -> tuple[int, bytes]:
        """Numbers, stores and encodes one business message; returns its number and the bytes to send.

        Fields of the header (such as 115, 128 or 97) come first.
        """
        self._now_ns = self._outbound.now_ns = now_ns
        return self._outbound.business(msg_type, fields)

    def test(self, text: str, now_ns: int) -> SessionOutput:
        """Sends a TestRequest; ``answered_test`` becomes its text when the peer answered."""
        out = self._begin(now_ns)
        self._emit("1", [(112, text)])
        return out

    def logout(self, now_ns: int, text: str = "") -> SessionOutput:
        """Asks to end the session; the peer's Logout or a time-out ends the connection."""
        out = self._begin(now_ns)
        if self.state is State.ACTIVE:
            self._log_out(text, self.config.logout_timeout_s)
        elif self.state is State.AWAITING_LOGON:
            out.disconnect = True
        return out

    def confirm(self, message: Message) -> None:
        """The application handed on every message up to this one: only now they count as received."""
        if message.epoch == self.store.epoch:  # else numbers began again meanwhile
            self._inbound.confirm(message.sequence or 0)

    def resend_more(self, now_ns: int) -> SessionOutput:
        """The next batch of what the peer asked to be sent again; empty when all is sent."""
        out = self._begin(now_ns)
        out.data += self._outbound.pull()
        return out

    @property
    def is_resending(self) -> bool:
        """Whether ``resend_more`` has more."""
        return self._outbound.is_resending

    @property
    def expected(self) -> int:
        """The next inbound number."""
        return self._inbound.expected

    @property
    def unconfirmed_count(self) -> int:
        """How many messages wait for ``confirm``."""
        return self._inbound.outstanding_count

    @property
    def held_count(self) -> int:
        """How many messages wait for ``proceed``."""
        return len(self._held)

    def pause_inbound(self) -> None:
        """We stopped reading: the peer's silence is our doing and no reason to hang up."""
        self._liveness.is_paused = True

    def resume_inbound(self, now_ns: int) -> None:
        """We read again."""
        self._liveness.connected(now_ns)
        self._requested_ns = now_ns

    # -- inbound

    def _work(self, found: list[Message | Garbled]) -> None:
        """Takes what was held, then what was found, until the end of it or of the connection."""
        if self._held:
            self._held.extend(found)
            found, self._held = list(self._held), deque()
        place = 0
        while not self._out.disconnect:
            if self._must_wait():
                self._held.extend(found[place:])
                return
            if self._take_early():
                continue
            if place >= len(found):
                return
            taken = self._take_plain(found, place)
            if not taken:
                self._take_one(found[place])
            place += taken or 1

    def _must_wait(self) -> bool:
        return self.config.is_strict and self._inbound.outstanding_count > 0

    def _take_early(self) -> bool:
        """Takes the message that came early and whose turn it is, or asks for more of what is missing."""
        early = self._inbound.take_early()
        if early is not None:
            self._guard(self._accept, early)
            return True
        if self._inbound.gap.settle(self._inbound.expected):
            self._guard(self._request_resend)
            return True
        return False

    def _take_plain(self, found: list[Message | Garbled], first: int) -> int:
        """Takes at once what `_on_message` would take without a word, where nothing is missing; returns how many."""
        inbound = self._inbound
        if self.config.is_strict or self.state is not State.ACTIVE or not inbound.gap.is_idle(inbound.expected):
            return 0
        count = self._lane.count(found, first, inbound.expected, self._now_ns, self.store.epoch)
        if count:
            self._out.messages += cast(list[Message], found[first : first + count])
            inbound.deliver(count)
            self._liveness.heard(self._now_ns)
        return count

    def _take_one(self, item: Message | Garbled) -> None:
        if isinstance(item, Garbled):
            self._note("garbled", f"ignored {item.byte_count} garbled bytes: {item.reason}")
        else:
            self._guard(self._on_message, item)

    def _guard(self, step: Callable[..., None], *message: Message) -> None:
        """Runs a step; an error in it ends the connection, with a Logout to a peer that logged on or tries to."""
        try:
            step(*message)
        except SilentError as error:
            self._end("refused", str(error))
        except FatalError as error:
            if self.state in (State.ACTIVE, State.LOGOUT_SENT) or (message and message[0].msg_type == "A"):
                self._emit("5", [(58, str(error))])
            self._end("refused", str(error))

    def _on_message(self, message: Message) -> None:
        kind = message.msg_type
        if self.state is State.AWAITING_LOGON and kind != "A":
            reason = f": {message.text(58)}" if kind == "5" else ""
            raise SilentError(f"expected a Logon first, found 35={kind}{reason}")
        if not self._has_our_version(message):
            return
        if message.sequence is None:
            raise FatalError("Received message without MsgSeqNum")
        problem = self._problem(message)
        if problem is not None:
            self._on_problem(message, problem)
            return
        self._liveness.heard(self._now_ns)
        if kind == "A" and (self.state is State.AWAITING_LOGON or message.get(141) == "Y"):
            self._on_logon(message)
        elif kind == "4" and message.get(123) != "Y":
            self._on_sequence_reset(message)
        else:
            self._on_numbered(message, message.sequence)

    def _has_our_version(self, message: Message) -> bool:
        """Whether the BeginString is ours; another is answered with a Logout, a Logout with one all the same."""
        if message.begin_string == self.config.begin_string or message.msg_type == "5":
            return True
        found = f"expected {self.config.begin_string}, found {message.begin_string}"
        if self.state is State.AWAITING_LOGON:
            raise SilentError(f"BeginString (8): {found}")
        self._note("refused", f"BeginString (8): {found}")
        self._log_out("Incorrect BeginString")
        if message.sequence == self._inbound.expected:
            self._inbound.advance(message.sequence + 1)
        return False

    def _problem(self, message: Message) -> Problem | None:
        """The first thing wrong with a message; ingest mode only looks at what the session itself needs."""
        config = self.config
        if config.is_strict:
            version = message.get(1128) or self._application_version
            dictionary = dictionary_for(config.begin_string, message.msg_type, version)
            problem = validate(message, dictionary, ANY_USER_TAG if config.any_user_tag else config.user_tags)
            if problem is not None:
                return problem
        elif time_problem := sending_time_problem(message):
            self._note("flag", f"{time_problem} in 35={message.msg_type} 34={message.get(34)}")
        return envelope_problem(config, message, self._now_ns)

    def _on_problem(self, message: Message, problem: Problem) -> None:
        """Rejects a message; where it is about who speaks, or when, the session ends."""
        is_ending = problem.reason in (Reason.COMP_ID, Reason.SENDING_TIME)
        if self.state is State.AWAITING_LOGON:
            error = SilentError if self.config.is_strict or problem.reason is Reason.COMP_ID else FatalError
            raise error(f"Logon: {problem.text}" + ("" if problem.tag is None else f" ({problem.tag})"))
        self._refuse(message, problem)
        is_counted = self.config.is_strict or not is_ending  # what ingest mode must not lose is asked for again
        if is_counted and message.sequence == self._inbound.expected and message.msg_type not in ("A", "4"):
            self._inbound.advance(message.sequence + 1)
        if is_ending:
            self._log_out("")

    def _on_numbered(self, message: Message, sequence: int) -> None:
        """A message that has its place in the sequence. Logout and ResendRequest are answered wherever they stand."""
        expected = self._inbound.expected
        if sequence < expected and message.get(43) == "Y":
            self._on_repeated(message)
        elif message.msg_type == "5":
            self._on_logout(message, sequence)
        elif sequence > expected and self.config.resends:
            self._on_early(message, sequence)
        elif sequence > expected:
            self._pass_over(sequence)
            self._accept(message)
        elif sequence == expected:
            self._accept(message)
        elif message.msg_type == "2":
            self._on_resend_request(message)
        else:
            raise FatalError(f"MsgSeqNum too low, expecting {expected} but received {sequence}")

    def _on_repeated(self, message: Message) -> None:
        """A possible duplicate of what came already: ignored, if it says when it was first sent."""
        problem = duplicate_problem(message)
        if problem is not None:
            self._refuse(message, problem)
            if problem.reason is Reason.SENDING_TIME:
                self._log_out("")

    def _on_early(self, message: Message, sequence: int) -> None:
        """A number is missing: what comes early waits, save what must be answered now or both sides would wait."""
        gap = self._inbound.gap
        if message.msg_type in ("2", "A"):
            gap.keep_answered(sequence)
        else:
            gap.keep(message, sequence)
        if message.msg_type == "2":
            self._on_resend_request(message)
        if not gap.is_requested:
            self._note("gap", f"expected {self._inbound.expected}, received {sequence}")
            self._request_resend()

    def _pass_over(self, sequence: int) -> None:
        """Goes on with this number where the peer sends nothing again: what is missing is said once."""
        self._note("gap", f"{self._inbound.expected} to {sequence - 1} did not come and cannot be asked for: reconcile")
        self._inbound.advance(sequence)

    def _accept(self, message: Message) -> None:
        """Takes the message whose turn it is."""
        kind = message.msg_type
        handler = self._handlers.get(kind)
        types = self.config.message_types
        if handler is not None:
            self._inbound.advance(self._inbound.expected + 1)
            handler(message)
        elif types is not None and kind not in types and self.config.is_strict:
            self._inbound.advance(self._inbound.expected + 1)
            self._refuse_type(message)
        else:
            message.epoch = self.store.epoch
            self._out.messages.append(message)
            self._inbound.deliver(1)

    # -- administrative messages

    def _on_logon(self, message: Message) -> None:
        config = self.config
        is_ours = config.reset_on_logon and self.state is State.AWAITING_LOGON
        check_logon(config, message)
        if config.role == "acceptor" and is_ours:
            self._reset("the peer logs on")
        elif message.get(141) == "Y" and not is_ours:
            self._reset("the peer asked for it in its Logon (141)")
        sequence = message.sequence or 0
        if sequence > self._inbound.expected and not config.resends:
            self._pass_over(sequence)
        expected = self._inbound.expected
        if sequence < expected:
            raise FatalError(f"MsgSeqNum too low, expecting {expected} but received {sequence}")
        before = self.store.next_outbound
        next_expected = next_expected_number(message, before)
        is_reply_due = config.role == "acceptor" or self.state is State.ACTIVE
        self._liveness.heartbeat_ns = (message.integer(108) or 0) * SECOND_NS
        self._application_version = message.get(1137) or config.application_version
        self._set_state(State.ACTIVE)
        if sequence == expected:
            self._inbound.advance(sequence + 1)
        if is_reply_due:
            self._send_logon(message.get(141) == "Y")
        self.peer_is_done = False
        self._note("logon", f"{config.source} heartbeat {message.get(108)} s")
        if next_expected < before:
            self._start_resend(next_expected, before - 1)
        if sequence > expected and not (config.send_next_expected and message.get(789)):
            self._on_early(message, sequence)

    def _on_second_logon(self, message: Message) -> None:
        if self.config.is_strict:
            raise SilentError(f"a second Logon, 34={message.get(34)}")
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

    def _on_sequence_reset(self, message: Message) -> None:
        """SequenceReset-Reset: the number moves on regardless of 34, never back."""
        following, expected = message.integer(36), self._inbound.expected
        if following is None or following < expected:
            self._refuse(message, Problem(Reason.WRONG_VALUE))
            return
        self._note("reset", f"the peer moved on from {expected} to {following}")
        self._inbound.advance(following)

    def _on_gap_fill(self, message: Message) -> None:
        following = message.integer(36)
        if following is None or following < self._inbound.expected:
            self._refuse(message, Problem(Reason.WRONG_VALUE))
            return
        self._inbound.advance(following)

    def _on_logout(self, message: Message, sequence: int) -> None:
        self.peer_is_done = self.state is State.ACTIVE and sequence <= self._inbound.expected
        if sequence == self._inbound.expected:
            self._inbound.advance(sequence + 1)
        if self.state is not State.LOGOUT_SENT:
            self._emit("5", [])
        self._end("logout", f"the peer logged out {message.text(58)}".rstrip())
        if self.config.reset_on_logout:
            self._reset("the session was logged out")

    # -- time

    def _watch_silence(self) -> None:
        if self.state is not State.ACTIVE:
            return
        due = self._liveness.due(self._now_ns, self._outbound.sent_ns)
        if due == "end":
            self._end("timeout", f"the peer was silent for {self._liveness.silence_s(self._now_ns)} s")
        elif due == "test request":
            self._emit("1", [(112, "TEST")])
        elif due == "heartbeat":
            self._emit("0", [])
        is_waiting = self._inbound.gap.is_requested and not self._liveness.is_paused and not self._out.disconnect
        if is_waiting and self._liveness.heartbeat_ns:
            self._watch_request()

    def _watch_request(self) -> None:
        """Repeats a request for which nothing came for a heartbeat; a long answer is left to come."""
        if self._inbound.expected != self._progress:
            self._progress, self._requested_ns = self._inbound.expected, self._now_ns
        if self._now_ns - self._requested_ns >= self._liveness.heartbeat_ns:
            self._guard(self._request_resend)

    def _begin_scheduled(self) -> bool:
        """Whether the session's hours allow a connection; a new session begins with new numbers."""
        schedule = self.config.schedule
        if schedule is None:
            return True
        hours = schedule.session(self._now_ns)
        if hours is None:
            self._end("refused", "the session is closed at this hour")
            return False
        self._session_ns = hours[0]
        if self.store.reset_ns < self._session_ns:
            self._reset("")
        return True

    def _watch_schedule(self) -> None:
        schedule = self.config.schedule
        if schedule is None:
            return
        hours = schedule.session(self._now_ns)
        if hours is None or hours[0] != self._session_ns:
            self._note("logout", "the session's hours are over")
            self._log_out("the session's hours are over", self.config.logout_timeout_s)
