"""The ledger of every source: ingest's counts beside detection's, with the equations checked."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from surveillance.v1 import detection_pb2, ingest_pb2
from tapewatch.client.detection import DetectionClient
from tapewatch.client.ingest import IngestClient

COLUMNS = (
    "source", "received>", "journalled>", "rejected>", "duplicate>", "evaluated>", "late>", "corrected>", "awaiting>",
    "poisoned>", "pending>", "unknown order>", "missing>", "ended",
)  # fmt: skip
FIRST_EQUATION = "received = journalled + rejected + duplicate"
SECOND_EQUATION = "journalled = evaluated + late + poisoned + pending"
THIRD_EQUATION = "late = corrected + awaiting"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What became of a source's events."""

    source: str
    received: int = 0
    journalled: int = 0
    rejected: int = 0
    duplicate: int = 0
    evaluated: int = 0
    late: int = 0
    corrected: int = 0
    awaiting: int = 0
    poisoned: int = 0
    pending: int = 0
    unknown_order: int = 0
    missing: int = 0
    ended: bool = False

    @property
    def ingest_balances(self) -> bool:
        """FIRST_EQUATION."""
        return self.received == self.journalled + self.rejected + self.duplicate

    @property
    def detection_balances(self) -> bool:
        """SECOND_EQUATION."""
        return self.journalled == self.evaluated + self.late + self.poisoned + self.pending

    @property
    def corrections_balance(self) -> bool:
        """THIRD_EQUATION."""
        return self.late == self.corrected + self.awaiting

    @property
    def balances(self) -> bool:
        """All equations."""
        return self.ingest_balances and self.detection_balances and self.corrections_balance

    def to_json(self) -> dict[str, Any]:
        """The line and whether each equation holds."""
        return {
            **asdict(self),
            "ingest_balances": self.ingest_balances,
            "detection_balances": self.detection_balances,
            "corrections_balance": self.corrections_balance,
        }

    def cells(self) -> tuple[object, ...]:
        """The line under COLUMNS."""
        *counts, ended = asdict(self).values()
        return (*counts, "yes" if ended else "no")


@dataclass(frozen=True, slots=True)
class Reading:
    """Both sides' counts as of nearly one moment, and how far each side's journal position was."""

    lines: list[LedgerLine]
    journal: ingest_pb2.IngestStatus
    state: detection_pb2.DetectionStatus


async def read_ledger(ingest: IngestClient, detection: DetectionClient) -> Reading:
    """Ask detection, then ingest, so that what detection has not been sent yet shows as pending.

    Only where detection stood at the journal's end throughout is nothing added: then the equations must hold by
    themselves.
    """
    state = await detection.status()
    sources = await ingest.list_sources()
    journal = await ingest.status()
    lines = merge(sources, state.sources)
    if state.next_sequence < journal.next_sequence:
        lines = [_with_rows_on_their_way(line) for line in lines]
    return Reading(lines, journal, state)


def _with_rows_on_their_way(line: LedgerLine) -> LedgerLine:
    known = line.evaluated + line.late + line.poisoned + line.pending
    return replace(line, pending=line.pending + max(0, line.journalled - known))


def merge(
    sources: Iterable[ingest_pb2.Source], evaluations: Iterable[detection_pb2.SourceEvaluation]
) -> list[LedgerLine]:
    """One line a source, by name; a source only one side knows has zeros for the other."""
    seen = {each.source: each for each in sources}
    evaluated = {each.source: each for each in evaluations}
    lines = []
    for name in sorted({*seen, *evaluated}):
        source = seen.get(name, ingest_pb2.Source())
        evaluation = evaluated.get(name, detection_pb2.SourceEvaluation())
        lines.append(
            LedgerLine(
                source=name,
                received=source.received,
                journalled=source.journalled,
                rejected=source.rejected,
                duplicate=source.duplicate,
                evaluated=evaluation.evaluated,
                late=evaluation.late,
                corrected=evaluation.corrected,
                awaiting=evaluation.awaiting,
                poisoned=evaluation.poisoned,
                pending=evaluation.pending,
                unknown_order=evaluation.unknown_order,
                missing=source.missing,
                ended=source.ended,
            )
        )
    return lines


def total(lines: Iterable[LedgerLine]) -> LedgerLine:
    """All lines added up."""
    every = list(lines)
    names = [name for name in LedgerLine.__dataclass_fields__ if name not in ("source", "ended")]
    sums = {name: sum(getattr(line, name) for line in every) for name in names}
    return LedgerLine(source="all", ended=all(line.ended for line in every), **sums)


def equations(line: LedgerLine) -> list[str]:
    """The equations of a line with its numbers, and whether they hold."""
    first = f"{line.received} = {line.journalled} + {line.rejected} + {line.duplicate}"
    second = f"{line.journalled} = {line.evaluated} + {line.late} + {line.poisoned} + {line.pending}"
    third = f"{line.late} = {line.corrected} + {line.awaiting}"
    return [
        f"{FIRST_EQUATION}: {first} {'holds' if line.ingest_balances else 'DOES NOT HOLD'}",
        f"{SECOND_EQUATION}: {second} {'holds' if line.detection_balances else 'DOES NOT HOLD'}",
        f"{THIRD_EQUATION}: {third} {'holds' if line.corrections_balance else 'DOES NOT HOLD'}",
    ]
