"""Triggers and capabilities are bits of their own."""

from __future__ import annotations

from detection_service.engine import triggers


def test_no_two_triggers_and_no_two_capabilities_share_a_bit() -> None:
    named = {name: value for name, value in vars(triggers).items() if name.isupper()}
    shows = [value for name, value in named.items() if name.startswith("HAS_")]
    asks = [value for name, value in named.items() if not name.startswith("HAS_")]
    for bits in (shows, asks):
        assert len(set(bits)) == len(bits)
        assert all(bit.bit_count() == 1 and bit < 1 << 31 for bit in bits)
