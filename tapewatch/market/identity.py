"""Identities that are the same wherever and whenever they are computed."""

from __future__ import annotations

import hashlib

_SEPARATOR = "\x1f"


def event_id(source: str, epoch: int, sequence: int, part: int, key: str = "") -> str:
    """Identity of an event: 32 hexadecimal digits, BLAKE2b-128 of its dedupe key.

    The key is `event_key` within the source where the source has one, else source, epoch, sequence and part.
    """
    text = (
        _SEPARATOR.join(("key", source, key))
        if key
        else _SEPARATOR.join(("number", source, str(epoch), str(sequence), str(part)))
    )
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
