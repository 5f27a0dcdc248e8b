# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Numbered flat records in pages that never move, so that growth copies nothing and no number is ever walked."""

import cython

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_AsString, PyBytes_FromStringAndSize
    from cython.cimports.libc.stdlib import calloc, free, realloc
    from cython.cimports.libc.string import memcpy, memset
    from cython.cimports.tapewatch.market.memory import prefetch

if not cython.compiled:  # compiled, a constant of the .pxd beside: a variable would be divided by
    PAGE = 1024


class Arena:
    """Records of one kind (`record`: a class of `tapewatch.market.records.Record`), numbered from 0.

    `used` numbers have ever been given out, `stride` (a power of two) at a time; those given back are chained by their
    first field, `link` (the next, plus one), from `free` on. Raises MemoryError.
    """

    def __init__(self, record, stride=1):
        self.record = record
        self.record_size = record.FORMAT.size
        self.stride = stride
        self.used = 0
        self.free = 0
        self.page_count = 0
        if not cython.compiled:
            self.items = []

    def __dealloc__(self):
        page: cython.longlong
        if cython.compiled:
            for page in range(self.page_count):
                free(self.pages[page])
            free(self.pages)

    def at(self, number):
        """The record of a number."""
        if cython.compiled:
            return cython.cast(cython.p_void, self.pages[number >> 10] + (number & (PAGE - 1)) * self.record_size)
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.items[number]

    def prefetch(self, number):
        """Has the processor fetch a record."""
        place: cython.p_char
        offset: cython.Py_ssize_t
        if cython.compiled:
            place = cython.cast(cython.p_char, self.at(number))
            for offset in range(0, self.record_size, 64):
                prefetch(place + offset)

    def take(self):
        """A number whose record, and the `stride` - 1 behind it, are all zeros."""
        number: cython.longlong
        if self.free:
            number = self.free - 1
            if cython.compiled:
                self.free = cython.cast(cython.pointer(cython.longlong), self.at(number))[0]
                memset(self.at(number), 0, self.stride * self.record_size)
            else:
                self.free = self.items[number].link
                self.items[number : number + self.stride] = _zeros(self.record, self.stride)
            return number
        number = self.used
        if number >= self.page_count * PAGE:
            self._page()
        if not cython.compiled:
            self.items.extend(_zeros(self.record, self.stride))
        self.used += self.stride
        return number

    def _page(self):
        pages: cython.pointer(cython.p_char)
        page: cython.p_char
        if cython.compiled:
            pages = cython.cast(
                cython.pointer(cython.p_char),
                realloc(self.pages, (self.page_count + 1) * cython.sizeof(cython.p_char)),
            )
            if not pages:
                raise MemoryError(f"no memory for page {self.page_count} of {self.record.__name__}")
            self.pages = pages
            page = cython.cast(cython.p_char, calloc(PAGE, self.record_size))
            if not page:
                raise MemoryError(f"no memory for page {self.page_count} of {self.record.__name__}")
            self.pages[self.page_count] = page
        self.page_count += 1

    def give_back(self, number):
        """What was taken by this number may be taken again."""
        if cython.compiled:
            cython.cast(cython.pointer(cython.longlong), self.at(number))[0] = self.free
        else:
            self.items[number].link = self.free
        self.free = number + 1

    def get(self, number):
        """A copy of a record as an object; for rules, tests and tools."""
        found = self.record()
        data: bytes
        if cython.compiled:
            data = PyBytes_FromStringAndSize(cython.cast(cython.p_char, self.at(number)), self.record_size)
        else:
            data = self.items[number].pack()
        found.unpack(data)
        return found

    def memory(self):
        """Bytes held in pages."""
        return self.page_count * PAGE * self.record_size

    def state(self):
        """Plain values from which `restore` makes the same arena."""
        page: cython.longlong
        parts: list = []
        if cython.compiled:
            for page in range(self.page_count):
                count: cython.longlong = min(PAGE, self.used - page * PAGE)
                parts.append(PyBytes_FromStringAndSize(self.pages[page], count * self.record_size))
        else:
            items = [item.pack() for item in self.items]
            parts = [b"".join(items[start : start + PAGE]) for start in range(0, len(items), PAGE)]
        return {"used": self.used, "free": self.free, "pages": parts}

    def restore(self, state):
        """Becomes the arena whose `state` was taken; only for one just made."""
        part: bytes
        for part in state["pages"]:
            self._page()
            if cython.compiled:
                memcpy(self.pages[self.page_count - 1], PyBytes_AsString(part), len(part))
            else:
                for start in range(0, len(part), self.record_size):
                    item = self.record()
                    item.unpack(part[start : start + self.record_size])
                    self.items.append(item)
        self.used = state["used"]
        self.free = state["free"]


def _zeros(record, count):
    return [record() for _ in range(count)]
