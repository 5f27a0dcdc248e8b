# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Ids as text within flat records: up to forty bytes in place, the few that are longer apart."""

import cython

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.detection_service.engine.frame_view import FrameView
    from cython.cimports.libc.string import memcpy
else:
    from detection_service.engine.frame_view import FrameView

TEXT = cython.declare(cython.int, 40)
ELSEWHERE = cython.declare(cython.int, 255)
HELD_MAX = 65_536


class LongTexts:
    """The last 65,536 texts that did not fit their field; the field holds their number, the length is 255."""

    def __init__(self):
        self.count = 0
        self.held = {}

    def copy(self, target, view, index):
        """Writes a string of the frame to a field; its length or 255. Compiled code only."""
        start: cython.uint
        length: cython.uint
        field: bytes
        if index == 0:
            return 0
        start = view.ends[index - 1]
        length = view.ends[index] - start
        if cython.compiled:
            if length > TEXT:
                field = self.keep(view.text(index))
                memcpy(target, PyBytes_AsString(field), 8)
                return ELSEWHERE
            memcpy(target, PyBytes_AsString(view.blob) + start, length)
        return length

    def field(self, view: FrameView, index: int) -> tuple[bytes, int]:
        """What interpreted code sets a field and its length to."""
        text = view.text(index)
        return (text, len(text)) if len(text) <= TEXT else (self.keep(text), ELSEWHERE)

    def keep(self, text):
        """Keeps a long text; the eight bytes that stand for it."""
        self.count += 1
        self.held[self.count] = text
        if len(self.held) > HELD_MAX:
            del self.held[next(iter(self.held))]
        return self.count.to_bytes(8, "little")

    def of(self, field, length):
        """The text of a record's field."""
        if cython.compiled:
            return self.text(PyBytes_FromStringAndSize(field, TEXT), length)
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.text(field, length)

    def text(self, field, length):
        """The text of a field; empty for a long one that has been forgotten."""
        if length == ELSEWHERE:
            return self.held.get(int.from_bytes(field[:8], "little"), b"")
        return field[:length]

    def state(self):
        """Plain values from which `restore` makes the same texts."""
        return {"count": self.count, "held": self.held}

    def restore(self, state):
        """Becomes the texts whose `state` was taken."""
        self.count = state["count"]
        self.held = state["held"]
