"""The alerts as they were last told, and what has to be told anew when the past was corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from surveillance.v1 import alert_pb2
from tapewatch.alert import from_message, to_message, withdrawn

RAISED_MAX: Final = 20_000
Reason = Callable[[alert_pb2.Alert], str]


class Raised:
    """By alert id the highest revision told and its content; the last 20,000 alerts told of.

    Content is the message without its revision, so that what differs in nothing else counts as the same.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, bytes]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, messages: Iterable[alert_pb2.Alert]) -> None:
        """Notes revisions as told."""
        for message in messages:
            self._held.pop(message.alert_id, None)
            self._held[message.alert_id] = (message.revision, _content(message))
        for alert_id in list(self._held)[: max(0, len(self._held) - RAISED_MAX)]:
            del self._held[alert_id]

    @property
    def revisions(self) -> dict[str, int]:
        """Highest revision told by alert id."""
        return {alert_id: revision for alert_id, (revision, _) in self._held.items()}

    def changes_to(self, corrected: Raised, reason: Reason) -> Iterator[tuple[str, alert_pb2.Alert]]:
        """What to tell so that these alerts become the corrected ones, each with "raised", "revised" or "withdrawn".

        In order of the alerts' start and id. Revisions rise by one; an alert told before and not there any more is
        withdrawn for a reason.
        """
        told: list[tuple[str, alert_pb2.Alert]] = []
        for alert_id in self._held.keys() | corrected._held.keys():
            revision, content = self._held.get(alert_id, (0, b""))
            wanted_revision, wanted = corrected._held.get(alert_id, (0, b""))
            if content == wanted:
                continue
            held = alert_pb2.Alert.FromString(content)
            if wanted:
                message = alert_pb2.Alert.FromString(wanted)
                message.revision = max(revision + 1, wanted_revision if not revision else 0)
                told.append(("revised" if revision else "raised", message))
            elif not held.withdrawn_reason:
                held.revision = revision
                message = to_message(withdrawn(from_message(held), revision + 1, reason(held)))
                told.append(("withdrawn", message))
        yield from sorted(told, key=lambda each: (each[1].start_time_ns, each[1].alert_id))

    def become(self, corrected: Raised, told: Iterable[alert_pb2.Alert]) -> None:
        """Holds the corrected alerts under the revisions they have been told under, withdrawn ones too."""
        before = self._held
        self._held = {
            alert_id: (before.get(alert_id, (revision, b""))[0], content)
            for alert_id, (revision, content) in corrected._held.items()
        }
        withdrawn = {alert_id: each for alert_id, each in before.items() if alert_id not in self._held}
        self._held = withdrawn | self._held
        self.take(told)

    def state(self) -> list[list[Any]]:
        """Plain values from which `restore` makes the same."""
        return [[alert_id, revision, content] for alert_id, (revision, content) in self._held.items()]

    def restore(self, state: Iterable[Iterable[Any]]) -> None:
        """Becomes what `state` was taken of."""
        self._held = {alert_id: (revision, content) for alert_id, revision, content in state}


def _content(message: alert_pb2.Alert) -> bytes:
    plain = alert_pb2.Alert()
    plain.CopyFrom(message)
    plain.revision = 0
    return plain.SerializeToString(deterministic=True)
