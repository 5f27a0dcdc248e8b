"""Reading the log, the gateway running or not: its entries, and the proof that they are as they were written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fix_gateway.audit.block import GENESIS, HASH_BYTES, Entry, entries_of, seal
from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.journal import Record
from tapewatch.runtime.journal.reader import Cursor, read_extent


@dataclass(frozen=True, slots=True)
class Proof:
    """What a walk over the chain found; ``problem`` is empty when every block is as it was written.

    ``first_entry`` is above 0 where retention removed what was before; ``head`` is the hash of the last block, 64
    hexadecimal digits: kept elsewhere, it later proves that nothing up to ``entry_end`` was written anew.
    """

    first_entry: int
    entry_end: int
    blocks: int
    head: str
    first_bad_entry: int | None = None
    problem: str = ""


def verify(directory: Path, known: str | None = None) -> Proof:
    """Walks the chain; ``known`` is a head of an earlier proof, which must be met on the way. Raises OSError."""
    first, end, blocks, head, is_met = 0, 0, 0, GENESIS, known is None
    try:
        for record in _records(directory):
            if not blocks:
                first, head = record.first_sequence, record.payload[:HASH_BYTES]
                problem = "" if first or head == GENESIS else "the first block does not begin a chain"
            else:
                problem = "" if record.payload[:HASH_BYTES] == head else "the block does not name the one before"
            if problem:
                return Proof(first, end, blocks, head.hex(), record.first_sequence, problem)
            head = seal(b"", (record.payload,))[1]
            is_met |= head.hex() == known
            blocks, end = blocks + 1, record.end_sequence
    except DataLoss as error:
        return Proof(first, end, blocks, head.hex(), end, error.message)
    if not is_met:
        return Proof(first, end, blocks, head.hex(), first, f"no block has the hash {known}: the log is another")
    return Proof(first, end, blocks, head.hex())


def entries(directory: Path) -> Iterator[Entry]:
    """The entries, oldest first. Raises DataLoss where bytes are damaged, OSError where there is no log."""
    for record in _records(directory):
        yield from entries_of(record.payload)


def _records(directory: Path) -> Iterator[Record]:
    extent = read_extent(directory)
    with Cursor(extent, extent.first_sequence, extent.durable_sequence) as cursor:
        while records := cursor.read():
            yield from records
