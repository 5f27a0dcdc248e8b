"""All that ingest remembers beside its two logs; rebuilt from them, or from a snapshot and what came after it.

The snapshot is a file of its own: written beside, synced, renamed over the old. It is taken only once the logs are
durable up to the positions it stands for, so it never knows a row the journal does not hold.
"""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from ingest_service.controls import NO_SEQUENCE, Controls
from ingest_service.dedupe import Deduper
from ingest_service.digest_set import DigestSet
from ingest_service.intervals import IntervalSet
from ingest_service.key_digests import DIGEST_BYTES
from ingest_service.ledger import Ledger, SourceLedger, rows_by_source
from ingest_service.quarantine import Quarantine
from ingest_service.time_index import TimeIndex
from tapewatch.market.frame import Frame
from tapewatch.runtime.journal import Record, RecordKind

VERSION: Final = 1
_HEAD: Final = struct.Struct("<4sHxxIQ")  # magic, version, crc of the rest, bytes of the JSON part
_MAGIC: Final = b"TWIS"


@dataclass(slots=True)
class IngestState:
    """Ledger, dedupe, control requests, times, quarantine index as of the next positions to read of the two logs."""

    quarantine: Quarantine
    ledger: Ledger = field(default_factory=Ledger)
    deduper: Deduper = field(default_factory=Deduper)
    controls: Controls = field(default_factory=Controls)
    times: TimeIndex = field(default_factory=TimeIndex)
    journal_sequence: int = 0
    quarantine_sequence: int = 0
    canary_number: int = 0
    canary_time_ns: int = 0

    def replay_journal(self, record: Record) -> None:
        """Takes a journal record into account."""
        if record.kind is RecordKind.EVENTS:
            frame = Frame.decode(record.payload)
            self.deduper.claim(frame)
            groups = rows_by_source(frame)
            self.ledger.receive(groups)
            self.ledger.journal(frame, groups, record.ingest_time_ns)
            self.times.note(record.first_sequence, frame.columns["event_time_ns"])
        elif record.kind is RecordKind.CONTROL:
            self.controls.remember(record.payload, record.first_sequence)
        else:
            self.take_mark(json.loads(record.payload))
        self.journal_sequence = record.end_sequence

    def replay_quarantine(self, record: Record) -> None:
        """Takes a record of the quarantine's log into account."""
        refusals, duplicates = self.quarantine.restore(record)
        for refusal in refusals:
            self.ledger.open(refusal.source).received += 1
            self.ledger.reject(refusal.source, refusal.reason, refusal.epoch, refusal.sequence, record.ingest_time_ns)
        for source, count in duplicates.items():
            self.ledger.open(source).received += count
            self.ledger.repeat(source, count, record.ingest_time_ns)
        self.quarantine_sequence = record.end_sequence

    def take_mark(self, mark: dict[str, Any]) -> None:
        """Takes a mark into account: of a source, or that a canary is due."""
        if mark["mark"] == "canary_due":
            self.canary_number, self.canary_time_ns = mark["number"], mark["time_ns"]
            return
        books = self.ledger.open(mark["source"])
        books.signs.take_mark(mark)
        if mark["mark"] == "end_of_source":
            books.ended = True
        elif mark["mark"] == "start_of_source":
            books.ended = False
        elif mark["mark"] == "idle":
            books.idle_mark_time_ns = max(books.idle_mark_time_ns, mark["time_ns"])

    def encode(self) -> bytes:
        """The snapshot's bytes."""
        keys = self.deduper.keys
        content = {
            "journal_sequence": self.journal_sequence,
            "quarantine_sequence": self.quarantine_sequence,
            "sources": [books.to_json() for books in self.ledger.sources.values()],
            "numbers": [[*key, each.starts.tolist(), each.ends.tolist()] for key, each in self.deduper.numbers.items()],
            "keys": [len(keys.newer), len(keys.older), keys.newer_since_ns, keys.highest_time_ns],
            "controls": [[name, *value] for name, value in self.controls.requests.items()],
            "refusals": list(self.quarantine.known.items()),
            "replayed": sorted(self.quarantine.replayed),
            "canary": [self.canary_number, self.canary_time_ns],
            "times": self.times.to_json(),
            "reference_sequence": self.controls.reference_sequence,
        }
        text = json.dumps(content).encode()
        body = b"".join((text, keys.newer.to_bytes(), keys.older.to_bytes()))
        return _HEAD.pack(_MAGIC, VERSION, zlib.crc32(body), len(text)) + body

    def restore(self, data: bytes) -> bool:
        """Becomes what the snapshot's bytes say; False, unchanged, where they are damaged or of another version."""
        if len(data) < _HEAD.size:
            return False
        magic, version, crc, text_bytes = _HEAD.unpack_from(data)
        body = data[_HEAD.size :]
        if magic != _MAGIC or version != VERSION or zlib.crc32(body) != crc:
            return False
        content = json.loads(body[:text_bytes])
        self.journal_sequence = content["journal_sequence"]
        self.quarantine_sequence = content["quarantine_sequence"]
        self.ledger.sources = {each["source"]: SourceLedger.from_json(each) for each in content["sources"]}
        self.deduper.numbers = {
            (source, epoch, part): IntervalSet(array("q", starts), array("q", ends))
            for source, epoch, part, starts, ends in content["numbers"]
        }
        self._restore_keys(content["keys"], body[text_bytes:])
        self.controls.requests = OrderedDict((name, (digest, at)) for name, digest, at in content["controls"])
        self.quarantine.known = OrderedDict((name, row_id) for name, row_id in content["refusals"])
        self.quarantine.replayed = set(content["replayed"])
        self.canary_number, self.canary_time_ns = content.get("canary", (0, 0))
        # a snapshot of an earlier version has neither: what lies below it is looked through, its reference data unknown
        self.times = TimeIndex.from_json(content.get("times") or [self.journal_sequence, [], [], [], []])
        self.controls.reference_sequence = content.get("reference_sequence", NO_SEQUENCE)
        return True

    def _restore_keys(self, numbers: list[int], digests: bytes) -> None:
        newer_count, older_count, newer_since_ns, highest_time_ns = numbers
        middle, end = newer_count * DIGEST_BYTES, (newer_count + older_count) * DIGEST_BYTES
        keys = self.deduper.keys
        keys.newer, keys.older = DigestSet(digests[:middle]), DigestSet(digests[middle:end])
        keys.newer_since_ns, keys.highest_time_ns = newer_since_ns, highest_time_ns
