"""What the gateway knows of each session beside its numbers: counts of what happened, lag, skew."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tapewatch.fix.codec import Message, TimestampError, parse_timestamp_ns
from tapewatch.fix.session import SessionEvent
from tapewatch.fix.transport import Application, Clock, Reply


@dataclass(slots=True)
class Figures:
    """One session's figures since the gateway started; times and spans in ns.

    ``lag_ns``: our clock less the last message's TransactTime (60) when it was handed on. ``skew_ns``: the same of
    its SendingTime (52). None before the first message that has them.
    """

    events: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    lag_ns: int | None = None
    skew_ns: int | None = None
    last_event: str = ""
    last_event_ns: int = 0


class FigureBook:
    """The figures of all sessions by name; `""` never names one."""

    def __init__(self) -> None:
        self._figures: dict[str, Figures] = {}

    def of(self, session_name: str) -> Figures:
        """A session's figures."""
        return self._figures.setdefault(session_name, Figures())

    def happened(self, session_name: str, event: SessionEvent, time_ns: int) -> int:
        """Counts an event; returns how many of its kind there were."""
        figures = self.of(session_name)
        figures.events[event.kind] += 1
        figures.last_event, figures.last_event_ns = f"{event.kind}: {event.text}", time_ns
        return figures.events[event.kind]


class WatchedApplication:
    """Counts what an application took; answers as it does."""

    def __init__(self, application: Application, book: FigureBook, clock: Clock) -> None:
        self.hand_ons_max: int = getattr(application, "hand_ons_max", 1)
        self._application = application
        self._book = book
        self._clock = clock

    async def on_messages(self, session_name: str, messages: Sequence[Message]) -> Sequence[Reply]:
        """Passes on, then counts."""
        now_ns = self._clock()
        replies = await self._application.on_messages(session_name, messages)
        figures = self._book.of(session_name)
        figures.messages += len(messages)
        figures.lag_ns = _since(messages[-1].get(60), now_ns, figures.lag_ns)
        figures.skew_ns = _since(messages[-1].get(52), now_ns, figures.skew_ns)
        return replies

    async def on_logon(self, session_name: str) -> None:
        """Passes on."""
        await self._application.on_logon(session_name)

    async def on_logout(self, session_name: str) -> None:
        """Passes on."""
        await self._application.on_logout(session_name)


def _since(stamp: str | None, now_ns: int, otherwise: int | None) -> int | None:
    try:
        return otherwise if stamp is None else now_ns - parse_timestamp_ns(stamp)
    except TimestampError:
        return otherwise
