"""Several files as one stream in event time, whatever the size of their frames."""

from collections.abc import Iterator, Sequence

import numpy as np

from tapewatch.market.frame import Frame


def in_event_order(streams: Sequence[Iterator[Frame]]) -> Iterator[Frame]:
    """The rows of streams that are each in event-time order, in event-time order; ties in the order of the streams."""
    if len(streams) == 1:
        yield from streams[0]
        return
    heads = [_Head(stream) for stream in streams]
    while True:
        heads = [head for head in heads if head.fill()]
        if not heads:
            return
        unfinished = [head.last_ns for head in heads if not head.is_last]
        cut_ns = min(unfinished, default=None)
        ready = [part for head in heads if (part := head.take_before(cut_ns)) is not None]
        if ready:
            yield _sorted(ready)
        else:  # one moment fills a whole frame: more of it must be read before it can be put in order
            for head in heads:
                if not head.is_last and head.last_ns == cut_ns:
                    head.read_on()


class _Head:
    """What has been read of a stream and not yet given."""

    def __init__(self, stream: Iterator[Frame]) -> None:
        self._stream = stream
        self._held: Frame | None = None
        self.is_last = False

    def fill(self) -> bool:
        """Hold a frame; False where the stream is used up."""
        if self._held is None and not self.is_last:
            self.read_on()
        return self._held is not None

    def read_on(self) -> None:
        """Hold one more frame, or learn that there is none."""
        more = next(self._stream, None)
        if more is None:
            self.is_last = True
        else:
            self._held = more if self._held is None else Frame.concat([self._held, more])

    @property
    def last_ns(self) -> int:
        """Event time of the last row held."""
        assert self._held is not None
        return int(self._held.columns["event_time_ns"][-1])

    def take_before(self, cut_ns: int | None) -> Frame | None:
        """Give what is earlier than `cut_ns` (everything where that is None); None where that is nothing."""
        assert self._held is not None
        held = self._held
        count = held.row_count
        if cut_ns is not None:
            count = int(np.searchsorted(held.columns["event_time_ns"], cut_ns, side="left"))
        self._held = held.slice(count, held.row_count) if count < held.row_count else None
        return held.slice(0, count) if count else None


def _sorted(parts: list[Frame]) -> Frame:
    if len(parts) == 1:
        return parts[0]
    joined = Frame.concat(parts)
    return joined.take(np.argsort(joined.columns["event_time_ns"], kind="stable"))
