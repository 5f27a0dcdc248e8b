# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Flat records in one piece of memory: rings and tables."""

import cython

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.libc.stdlib import calloc, free
    from cython.cimports.libc.string import memcpy

_LINE = cython.declare(cython.size_t, 64)


class _Items(dict):
    """Records by place, made when they are first asked for: thousands of Python objects take their time."""

    def __init__(self, record):
        dict.__init__(self)
        self.record = record

    def __missing__(self, place):
        made = self[place] = self.record()
        return made


class Rows:
    """`count` records of one kind (`record`: a class of `tapewatch.market.records.Record`), all zeros at first.

    They begin on a line of the processor's cache: at `first` for compiled code, as `items` for interpreted code; both
    are indexed alike. Raises MemoryError.
    """

    def __init__(self, record, count):
        self.record = record
        self.record_size = record.FORMAT.size
        self._take(count)

    def __dealloc__(self):
        if cython.compiled:
            free(self.memory)

    def _take(self, count):
        if cython.compiled:
            free(self.memory)
            self.memory = cython.cast(cython.p_char, calloc(count * self.record_size + _LINE, 1))
            if not self.memory:
                raise MemoryError(f"no memory for {count} of {self.record.__name__}")
            self.first = self.memory + (_LINE - (cython.cast(cython.size_t, self.memory) & (_LINE - 1)))
        else:
            self.items = _Items(self.record)
        self.count = count

    def grow(self, count):
        """Makes it so many: those there stay, the others are zeros."""
        self.restore(self.state() + bytes((count - self.count) * self.record_size))

    def get(self, place):
        """A copy of a record as an object; for rules, tests and tools. Raises IndexError where there is none."""
        found = self.record()
        start: cython.Py_ssize_t = self._start(place)
        data: bytes
        if cython.compiled:
            data = PyBytes_FromStringAndSize(self.first + start, self.record_size)
        else:
            data = self.items[place].pack()
        found.unpack(data)
        return found

    def put(self, place, item):
        """Sets a record from an object; for tests and tools. Raises IndexError where there is none."""
        start: cython.Py_ssize_t = self._start(place)
        data: bytes = item.pack()
        if cython.compiled:
            memcpy(self.first + start, PyBytes_AsString(data), self.record_size)
        else:
            self.items[place].unpack(data)

    def _start(self, place):
        if not 0 <= place < self.count:
            raise IndexError(f"expected the place of a {self.record.__name__} below {self.count}, found {place}")
        return place * self.record_size

    def state(self):
        """Plain values from which `restore` makes the same rows."""
        if cython.compiled:
            return PyBytes_FromStringAndSize(self.first, self.count * self.record_size)
        else:  # noqa: RET505 - compiled, only one of the two remains
            empty = bytes(self.record_size)
            parts = [self.items[place].pack() if place in self.items else empty for place in range(self.count)]
            return b"".join(parts)

    def restore(self, state):
        """Becomes the rows whose `state` was taken."""
        data: bytes = state
        self._take(len(data) // self.record_size)
        if cython.compiled:
            memcpy(self.first, PyBytes_AsString(data), len(data))
        else:
            for place in range(self.count):
                part = data[place * self.record_size : (place + 1) * self.record_size]
                if any(part):
                    self.items[place].unpack(part)


_ZEROS: dict = {}


def zeros(record, count):
    """Rows that stay zeros: one for all that hold nothing yet. Whoever has something to write takes rows of its own."""
    found = _ZEROS.get((record, count))
    if found is None:
        found = _ZEROS[record, count] = Rows(record, count)
    return found
