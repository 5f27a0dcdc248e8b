"""The trail of control records: who changed what the outcome depends on, when, why, and from which position on.

The journal is the proof; this is the newest of it, kept with the consumer's state so that it can be asked for.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tapewatch.client.wire import JournalRecord

CHANGES_MAX: Final = 1_000
WHAT_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """A control record; `problem` says why it was refused, empty where it took effect. `time_ns` is ingest's clock."""

    sequence: int
    time_ns: int
    kind: str
    actor: str
    reason: str
    what: str
    problem: str = ""


class Changes:
    """The newest changes, oldest first."""

    def __init__(self) -> None:
        self.newest: deque[Change] = deque(maxlen=CHANGES_MAX)

    def take(self, record: JournalRecord, problem: str) -> None:
        """Notes a control record."""
        try:
            payload = json.loads(record.payload)
            kind, content = str(payload["control"]).lower(), payload["content"]
        except (ValueError, KeyError, TypeError):
            kind, content = "?", {}
        told = content if isinstance(content, dict) else {}
        self.newest.append(
            Change(
                record.first_sequence,
                record.ingest_time_ns,
                kind,
                str(told.get("actor", "")),
                str(told.get("reason", "")),
                _what(kind, told)[:WHAT_CHARACTERS_MAX],
                problem,
            )
        )

    def state(self) -> list[dict[str, Any]]:
        """Plain values from which `restore` makes the same."""
        return [asdict(change) for change in self.newest]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Becomes the changes whose `state` was taken."""
        self.newest = deque((Change(**each) for each in state), maxlen=CHANGES_MAX)


def _what(kind: str, content: Mapping[str, Any]) -> str:
    change, rules = content.get("change"), content.get("user_rules")
    if isinstance(change, dict):
        parameters, scope = change.get("parameters", {}), change.get("scope") or {}
        told = ", ".join(f"{name} {'as usual' if value is None else value}" for name, value in parameters.items())
        where = ", ".join(f"{name} {value}" for name, value in scope.items())
        return f"{change.get('rule')}: {told}" + (f" ({where})" if where else "")
    if isinstance(rules, dict):
        return "rules " + (", ".join(f"{rule_id} {str(each['sha256'])[:12]}" for rule_id, each in rules.items()) or "-")
    return f"whole {kind}"
