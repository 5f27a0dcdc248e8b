"""A configured session with all that belongs to it, whether anyone is connected or not."""

from collections.abc import Callable, Iterable, Iterator

from fix_gateway.settings import FixSessionSettings
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.store import SessionStore
from tapewatch.fix.transport import NoRecorder, Recorder, SessionConnection

StoreFactory = Callable[[SessionConfig], SessionStore]
RecorderFactory = Callable[[SessionConfig], Recorder]
Line = Callable[[], SessionConnection | None]


def no_recorder(config: SessionConfig) -> Recorder:
    """Keeps nothing of a session."""
    return NoRecorder()


class Seat:
    """One session: its settings, its numbers, its audit log, and the connection it has now, if any."""

    def __init__(self, settings: FixSessionSettings, session: Session, recorder: Recorder, line: Line) -> None:
        self.settings = settings
        self.session = session
        self.recorder = recorder
        self._line = line

    @property
    def connection(self) -> SessionConnection | None:
        """The connection the session has now."""
        return self._line()

    @property
    def name(self) -> str:
        """The session's name: ``FIX.4.4:THEM->US``."""
        return self.session.config.source


class Seats:
    """Every session of the gateway, by name."""

    def __init__(self, seats: Iterable[Seat]) -> None:
        self._seats = {seat.name: seat for seat in seats}

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def find(self, name: str) -> Seat | None:
        """The session of this name, or the only one with this counterparty."""
        if name in self._seats:
            return self._seats[name]
        found = [seat for seat in self if seat.session.config.target == name]
        return found[0] if len(found) == 1 else None
