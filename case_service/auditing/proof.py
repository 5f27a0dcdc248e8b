"""The whole check: every record, every hash, and every signed checkpoint against the records."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from case_service.audit import Finding, Head, verify
from case_service.auditing.checkpoint import Checkpoint, Keys, Purpose, chosen


def prove(
    records: Iterable[Sequence[Any]],
    head: Head,
    keys: Keys,
    held: Sequence[Checkpoint],
    elsewhere: Sequence[Checkpoint] = (),
) -> Finding:
    """Walk the chain and name the first bad record, by itself, the head and the signatures.

    `held` are the checkpoints that came with the records, `elsewhere` those kept apart. Without keys nothing is signed.
    """
    chain, problem = chosen((*held, *elsewhere), keys) if keys else ((), "")
    marks = b"".join(each.marks for each in chain).hex()
    found = replace(
        verify(records, head, marks), checkpoints=len(chain), signed_sequence=chain[-1].sequence if chain else 0
    )
    if found.problem:
        return found
    if problem:
        first_bad = (chain[-1].sequence if chain else 0) + 1
        return replace(found, first_bad_sequence=first_bad, problem=f"from here on nothing is vouched for: {problem}")
    missing = sorted(set(chain) - set(held), key=lambda each: each.number)
    if missing:
        gone = f"checkpoint {missing[0].number}, signed at this record, is elsewhere but no longer with the records"
        return replace(found, first_bad_sequence=max(missing[0].sequence, 1), problem=gone)
    return found


def prove_export(records: Iterable[Sequence[Any]], head: Head, keys: Keys, held: Sequence[Checkpoint]) -> Finding:
    """The same of an export, which must end with a checkpoint made for it."""
    found = prove(records, head, keys, held)
    if found.problem:
        return found
    sealed = held[-1].purpose is Purpose.EXPORT if held else False
    if not sealed or found.signed_sequence != head.count:
        told = f"found the last signature at record {found.signed_sequence} of {head.count}"
        return replace(
            found,
            first_bad_sequence=found.signed_sequence + 1,
            problem=f"expected a checkpoint made for this export at its last record, {told}",
        )
    return found
