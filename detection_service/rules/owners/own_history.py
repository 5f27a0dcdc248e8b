"""What the rules on an owner's volume compare it with: the market's hours, its rise, and the owner's part of it."""

from __future__ import annotations

from typing import Final

from detection_service.engine.scene import Scene

BUCKET_NS: Final = 300_000_000_000


def open_buckets(scene: Scene, recent: int, before: int) -> int:
    """In how many five-minute buckets the event's market traded, of the `before` ones ahead of the `recent` ones."""
    last = scene.now_ns // BUCKET_NS
    return len(scene.market.slow.bars(last - recent - before + 1, last - recent))


def market_multiple(scene: Scene, recent: int, before: int) -> float:
    """What the event's market traded in the recent buckets against its level, per open bucket, before; 1 without."""
    last = scene.now_ns // BUCKET_NS
    opened = open_buckets(scene, recent, before)
    level = scene.market.slow.traded(last - recent - before + 1, last - recent) / opened * recent if opened else 0.0
    return scene.market.slow.traded(last - recent + 1, last) / level if level > 0 else 1.0


def market_share(scene: Scene, recent: int) -> float:
    """The owner's part of what the event's market traded in the recent buckets, as far as its fills are held."""
    held = [fill for fill in scene.owner_fills(0) if fill.market == scene.market.number]
    first = max(scene.now_ns // BUCKET_NS - recent + 1, held[0].time_ns // BUCKET_NS)
    volume = scene.market.slow.traded(first, scene.now_ns // BUCKET_NS)
    traded = sum(fill.quantity for fill in held if fill.time_ns // BUCKET_NS >= first)
    return min(1.0, traded / volume) if volume > 0 else 0.0
