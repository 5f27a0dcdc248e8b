"""Identities that are the same wherever and whenever they are computed.

The engine computes event ids in its compiled core by the same steps (`detection_service/engine/core.py`).
"""

from __future__ import annotations

from typing import Final

from tapewatch.market.hashing import hash_bytes, mix_word

_MASK: Final = 0xFFFFFFFFFFFFFFFF
SOURCE_SEED: Final = 1
HIGH_LANE: Final = 0x5851F42D4C957F2D
LOW_LANE: Final = 0x14057B7EF767814F


def event_id(source: str, epoch: int, sequence: int, part: int, key: str = "") -> str:
    """Identity of an event: 32 hexadecimal digits, a 128-bit hash of its dedupe key.

    The key is `event_key` within the source where the source has one, else source, epoch, sequence and part. The hash
    is not cryptographic: it names evidence, it does not prove it.
    """
    base = hash_bytes(source.encode(), SOURCE_SEED)
    if key:
        high = hash_bytes(key.encode(), base ^ HIGH_LANE)
        low = hash_bytes(key.encode(), base ^ LOW_LANE)
    else:
        numbers = mix_word((mix_word(epoch & _MASK) + part) & _MASK)
        high = mix_word(mix_word(base ^ HIGH_LANE ^ numbers) ^ (sequence & _MASK))
        low = mix_word(mix_word(base ^ LOW_LANE ^ numbers) ^ (sequence & _MASK))
    return f"{high:016x}{low:016x}"
