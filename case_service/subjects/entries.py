"""Entries of known behaviour and of watch lists, and which alerts they are about."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tapewatch.alert import Alert

KNOWN_DAYS_MAX = 400
"""What is in order today is looked at again within so many days."""
PRIORITY_RAISE_MAX = 3


class SubjectKind(StrEnum):
    """What a name is a name of."""

    ACCOUNT = "ACCOUNT"
    OWNER = "OWNER"
    INSTRUMENT = "INSTRUMENT"


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended an entry before its time, why and when (nanoseconds since the Unix epoch, UTC)."""

    by: str = ""
    reason: str = ""
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class KnownBehaviour:
    """Behaviour of a subject that is in order until it expires; empty lists are for all."""

    entry_id: str
    subject_kind: SubjectKind
    subject: str
    typologies: tuple[str, ...]
    instruments: tuple[str, ...]
    venues: tuple[str, ...]
    reason: str
    author: str
    create_time_ns: int
    expire_time_ns: int
    ended: Ended = Ended()
    alert_count: int = 0
    version: int = 1

    def is_active(self, now_ns: int) -> bool:
        """Whether it counts."""
        return not self.ended.time_ns and now_ns < self.expire_time_ns

    def is_about(self, alert: Alert, family: str) -> bool:
        """Whether kind of abuse, instrument and venue are those it is known for."""
        kinds = {alert.typology.upper(), family.upper()}
        return (
            (not self.typologies or not kinds.isdisjoint(self.typologies))
            and (not self.instruments or alert.instrument in self.instruments)
            and (not self.venues or alert.venue in self.venues)
        )


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A name on a watch list, until it expires (0: never)."""

    entry_id: str
    list_name: str
    subject_kind: SubjectKind
    subject: str
    priority_raise: int
    reason: str
    author: str
    create_time_ns: int
    expire_time_ns: int = 0
    ended: Ended = Ended()
    version: int = 1

    def is_active(self, now_ns: int) -> bool:
        """Whether it counts."""
        return not self.ended.time_ns and (not self.expire_time_ns or now_ns < self.expire_time_ns)


@dataclass(frozen=True, slots=True)
class SubjectLists:
    """The active entries that name subjects of some alerts, by kind and name."""

    known: Mapping[tuple[SubjectKind, str], Sequence[KnownBehaviour]]
    watched: Mapping[tuple[SubjectKind, str], Sequence[WatchEntry]]

    def covering(self, alert: Alert, family: str) -> KnownBehaviour | None:
        """The entry that makes an alert known behaviour: every owner it names is covered, or every account.

        An alert that names nobody is covered by an entry of its instrument. The oldest entry of the first name answers.
        """
        named = {SubjectKind.OWNER: alert.owners, SubjectKind.ACCOUNT: alert.accounts}
        if not (alert.owners or alert.accounts):
            named = {SubjectKind.INSTRUMENT: (alert.instrument,)}
        for kind, names in named.items():
            found = [self._covering(kind, name, alert, family) for name in names]
            if found and all(found):
                return found[0]
        return None

    def watching(self, alert: Alert) -> dict[str, int]:
        """Watch list -> how far it raises the priority, of the lists that name an account, owner or instrument."""
        raised: dict[str, int] = {}
        for key in subjects_of(alert):
            for entry in self.watched.get(key, ()):
                raised[entry.list_name] = max(entry.priority_raise, raised.get(entry.list_name, 0))
        return raised

    def _covering(self, kind: SubjectKind, name: str, alert: Alert, family: str) -> KnownBehaviour | None:
        return next((each for each in self.known.get((kind, name), ()) if each.is_about(alert, family)), None)


NO_LISTS = SubjectLists({}, {})


def subjects_of(alert: Alert) -> Iterable[tuple[SubjectKind, str]]:
    """Everything that an alert names."""
    yield from ((SubjectKind.OWNER, name) for name in alert.owners)
    yield from ((SubjectKind.ACCOUNT, name) for name in alert.accounts)
    if alert.instrument:
        yield SubjectKind.INSTRUMENT, alert.instrument


def entry_etag(entry_id: str, version: int) -> str:
    """The etag of one version of an entry."""
    return hashlib.sha256(f"{entry_id}/{version}".encode()).hexdigest()[:16]
