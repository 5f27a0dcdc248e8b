"""What a session says, and to whom it tells it: its two halves, its output, and every message it writes by itself."""

from tapewatch.fix.codec import Field, Framer, Message
from tapewatch.fix.dictionary import ADMIN_TYPES, Problem
from tapewatch.fix.session.checks import FatalError
from tapewatch.fix.session.inbound import Inbound
from tapewatch.fix.session.liveness import Liveness
from tapewatch.fix.session.outbound import OLD_VERSIONS, Outbound
from tapewatch.fix.session.rejects import (
    UNSUPPORTED_TEXT,
    UNSUPPORTED_TYPE,
    business_reject,
    reject_fields,
    reversed_routing,
)
from tapewatch.fix.session_config import SECOND_NS, EventKind, SessionConfig, SessionEvent, SessionOutput, State
from tapewatch.fix.store import SessionStore

REFUSAL_TIMEOUT_S = 2
"""How long the peer may take to answer a Logout that names its mistake."""


class Conversation:
    """The state of a session and its voice; ``Session`` decides what is said."""

    def __init__(self, config: SessionConfig, store: SessionStore) -> None:
        self.config = config
        self.store = store
        self.state = State.DISCONNECTED
        self._inbound = Inbound(store, config.gap_queue_max)
        self._outbound = Outbound(config, store)
        self._liveness = Liveness()
        self._now_ns = self._state_ns = self._requested_ns = 0
        self._logout_limit_s = config.logout_timeout_s
        self._out = SessionOutput()

    # -- messages

    def _send_logon(self, reset: bool) -> None:
        config = self.config
        is_initiator = config.role == "initiator"
        heartbeat_s = config.heartbeat_s if is_initiator else self._liveness.heartbeat_ns // SECOND_NS
        fields: list[Field] = [(98, 0), (108, heartbeat_s)]
        fields += [(141, True)] if reset else []
        fields += [(553, config.username), (554, config.password)] if is_initiator and config.username else []
        fields += [(789, self._inbound.expected)] if config.send_next_expected else []
        fields += [(1137, config.application_version)] if config.is_transport_only else []
        self._emit("A", fields)

    def _log_out(self, text: str, limit_s: int = REFUSAL_TIMEOUT_S) -> None:
        """Says Logout, once, and waits for the peer's."""
        if self.state is State.LOGOUT_SENT:
            return
        self._emit("5", [(58, text)] if text else [])
        self._set_state(State.LOGOUT_SENT)
        self._logout_limit_s = limit_s

    def _refuse(self, message: Message, problem: Problem) -> None:
        """A session-level Reject."""
        self._note("reject", f"{problem.text} ({problem.tag}) in 35={message.msg_type} 34={message.get(34)}")
        routing = reversed_routing(message)
        self._out.data += self._outbound.administrative(
            "3", reject_fields(self.config.begin_string, message, problem), routing
        )

    def _refuse_type(self, message: Message) -> None:
        """The application does not take messages of this type."""
        self._note("reject", f"{UNSUPPORTED_TEXT}: 35={message.msg_type} 34={message.get(34)}")
        if self.config.begin_string in OLD_VERSIONS:
            self._emit("3", [(45, message.sequence or 0), (58, UNSUPPORTED_TEXT)])
        else:
            self._out.data += self._outbound.business(*business_reject(message, UNSUPPORTED_TYPE, UNSUPPORTED_TEXT))[1]

    def _request_resend(self) -> None:
        chunk = self.config.resend_chunk
        first, last = self._inbound.gap.request(self._inbound.expected, chunk)
        if self._inbound.gap.attempts > self.config.resend_attempts_max:
            raise FatalError(f"{self.config.resend_attempts_max} ResendRequests from {first} went unanswered")
        infinity = 999_999 if self.config.begin_string in OLD_VERSIONS else 0
        self._emit("2", [(7, first), (16, last if chunk else infinity)])
        self._requested_ns = self._now_ns
        self._note("resend", f"asked for {first} to {last}")

    def _start_resend(self, first: int, last: int) -> None:
        if self._outbound.start_resend(first, last):
            self._note("resend", f"sending {first} to {last} again")
            self._out.data += self._outbound.pull()
        else:
            self._note("flag", f"ignored a request to resend {first} to {last}")

    # -- parts

    def _begin(self, now_ns: int) -> SessionOutput:
        self._now_ns = self._outbound.now_ns = now_ns
        self._out = SessionOutput()
        return self._out

    def _new_framer(self) -> Framer:
        return Framer(self.config.message_bytes_max, ends_at_trailer=self.config.is_strict)

    def _set_state(self, state: State) -> None:
        self.state = state
        self._state_ns = self._now_ns

    def _reset(self, cause: str) -> None:
        """Numbers begin again; without a cause because a new session or a new store begins."""
        inbound, outbound = self.store.next_inbound, self.store.next_outbound
        self.store.reset(self._now_ns)
        self._outbound.forget_resends()
        self._inbound.begin_again()
        self._note("reset", f"numbers begin again at 1, epoch {self.store.epoch}")
        if cause and (inbound, outbound) != (1, 1):
            text = f"numbers were reset inside a session, from {inbound} in and {outbound} out: {cause}"
            self._note("audit", text)

    def _emit(self, msg_type: str, fields: list[Field]) -> None:
        assert msg_type in ADMIN_TYPES
        self._out.data += self._outbound.administrative(msg_type, fields)

    def _note(self, kind: EventKind, text: str) -> None:
        self._out.events.append(SessionEvent(kind, text))

    def _end(self, kind: EventKind, text: str) -> None:
        self._note(kind, text)
        self._out.disconnect = True
