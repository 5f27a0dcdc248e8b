# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Numbered flat records in pages that never move, so that growth copies nothing and no number is ever walked."""

import cython
import numpy as np

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.cpython.bytes import PyBytes_FromStringAndSize
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.libc.string import memcpy, memset
    from cython.cimports.tapewatch.market.memory import give_back, prefetch, zeros

if not cython.compiled:  # compiled, constants of the .pxd beside: variables would be divided by
    PAGE, PAGE_BITS = 65_536, 16


class Arena:
    """Records of one kind (`record`: a class of `tapewatch.market.records.Record`), numbered from 0.

    `used` numbers have ever been given out, `stride` (a power of two) at a time; those given back are chained by their
    first eight bytes, `link` (the next, plus one), from `free` on. Raises MemoryError.
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
                give_back(self.pages[page], PAGE * self.record_size)
            free(self.pages)

    def at(self, number):
        """The record of a number."""
        return record_at(self, number)

    def prefetch(self, number):
        """Has the processor fetch a record."""
        place: cython.p_char
        offset: cython.Py_ssize_t
        if cython.compiled:
            place = cython.cast(cython.p_char, self.at(number))
            for offset in range(0, self.record_size, 64):
                prefetch(place + offset)
            prefetch(place + self.record_size - 1)

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
            page = zeros(PAGE * self.record_size)
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

    def given_back(self):
        """By number, 1 where it was given back and not taken again."""
        number: cython.longlong = self.free
        flags: cython.uchar[::1] = arrays.octets(self.used)
        while number:
            flags[number - 1] = 1
            if cython.compiled:
                number = cython.cast(cython.pointer(cython.longlong), self.at(number - 1))[0]
            else:
                number = self.items[number - 1].link
        return flags

    def get(self, number):
        """A copy of a record as an object; for rules, tests and tools. Raises IndexError where there is none."""
        found = self.record()
        data: bytes
        if not 0 <= number < self.used:
            raise IndexError(f"expected the number of a {self.record.__name__} below {self.used}, found {number}")
        if cython.compiled:
            data = PyBytes_FromStringAndSize(cython.cast(cython.p_char, self.at(number)), self.record_size)
        else:
            data = self.items[number].pack()
        found.unpack(data)
        return found

    def memory(self):
        """Bytes of the numbers ever given out; of a page no more than that is touched."""
        return self.used * self.record_size

    def state(self):
        """Plain values from which `restore` makes the same arena: the records used, one after the other."""
        number: cython.longlong = 0
        count: cython.longlong
        room: cython.uchar[::1]
        if cython.compiled:
            copied = np.empty(self.used * self.record_size, np.uint8)  # numpy asks for huge pages: twice as fast
            room = copied
            with cython.nogil:
                while number < self.used:
                    count = min(PAGE, self.used - number)
                    memcpy(cython.address(room[number * self.record_size]), self.at(number), count * self.record_size)
                    number += count
        else:
            copied = b"".join([item.pack() for item in self.items])
        return {"used": self.used, "free": self.free, "records": arrays.Bulk(copied)}

    def restore(self, state):
        """Becomes the arena whose `state` was taken; only for one just made."""
        number: cython.longlong
        records = state["records"].data
        for number in range(0, state["used"], PAGE):
            self._page()
            if cython.compiled:
                self._fill(number, records[number * self.record_size : (number + PAGE) * self.record_size])
            else:
                for start in range(number, min(number + PAGE, state["used"])):
                    item = self.record()
                    item.unpack(bytes(records[start * self.record_size : (start + 1) * self.record_size]))
                    self.items.append(item)
        self.used = state["used"]
        self.free = state["free"]

    def _fill(self, number, records):
        memcpy(self.at(number), cython.address(records[0]), records.shape[0])


if not cython.compiled:  # compiled, inline in the .pxd beside: what every event does many times

    def record_at(arena, number):
        """The record of a number."""
        return arena.items[number]


def _zeros(record, count):
    return [record() for _ in range(count)]
