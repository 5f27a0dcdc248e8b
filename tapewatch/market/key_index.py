# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Numbers by 64-bit key: extendible hashing, so that growth never rehashes more than one small shard.

After Fagin, Nievergelt, Pippenger, Strong 1979, "Extendible hashing": a directory over the leading bits of a key's hash
names shards; a full shard is doubled, and beyond a size split in two by one bit more.
"""

import typing

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.libc.stdlib import free, realloc
    from cython.cimports.tapewatch.market.memory import mix, prefetch
else:
    from tapewatch.market.hashing import mix

_INITIAL = cython.declare(cython.int, 64)
_SHARD = cython.declare(cython.int, 8192)
_DEPTH = 4


if not cython.compiled:
    SpanPointer = typing.Any


class Shard:
    """Open addressing over hashes with one beginning of `depth` bits.

    `entries` holds hash and value by turns, so that both are read at once; values are held plus one, 0 is an empty
    place.
    """

    def __init__(self, depth, size):
        self.depth = depth
        self.used = 0
        self.mask = size - 1
        self.entries = arrays.words(2 * size)

    def add(self, hashed, value):
        """Adds a hash; `value` plus one."""
        place: cython.ulonglong = hashed & self.mask
        while self.entries[2 * place + 1]:
            place = (place + 1) & self.mask
        self.entries[2 * place] = hashed
        self.entries[2 * place + 1] = value
        self.used += 1

    def drop(self, hashed, value):
        """Removes a hash with its value; later entries of its probe run move up, so that no tombstones remain."""
        place: cython.ulonglong = hashed & self.mask
        hole: cython.ulonglong
        while self.entries[2 * place + 1] != value or self.entries[2 * place] != hashed:
            if not self.entries[2 * place + 1]:
                return
            place = (place + 1) & self.mask
        hole = place
        while True:
            place = (place + 1) & self.mask
            if not self.entries[2 * place + 1]:
                break
            if ((place - self.entries[2 * place]) & self.mask) >= ((place - hole) & self.mask):
                self.entries[2 * hole] = self.entries[2 * place]
                self.entries[2 * hole + 1] = self.entries[2 * place + 1]
                hole = place
        self.entries[2 * hole + 1] = 0
        self.used -= 1


def place_of(entries, mask, hashed):
    """Where a hash is among entries, or the empty place where it would be."""
    place: cython.ulonglong = hashed & mask
    while entries[2 * place + 1] and entries[2 * place] != hashed:
        place = (place + 1) & mask
    return place


class KeyIndex:
    """A map from keys to numbers of 0 and above.

    It has no state of its own: what it maps to holds the keys, so whoever restores that puts them in again.
    """

    def __init__(self):
        self.depth = _DEPTH
        self.directory = [Shard(_DEPTH, _INITIAL) for _ in range(1 << _DEPTH)]
        self._note_spans()

    def __dealloc__(self):
        if cython.compiled:
            free(self.spans)

    def _note_spans(self):
        """Notes where the entries of each place of the directory are: to look there costs one step instead of four."""
        shard: Shard
        number: cython.Py_ssize_t
        found: SpanPointer
        if cython.compiled:
            found = cython.cast(SpanPointer, realloc(self.spans, len(self.directory) * cython.sizeof(self.spans[0])))
            if not found:
                raise MemoryError(f"no memory for {len(self.directory)} places of an index")
            self.spans = found
            for number in range(len(self.directory)):
                shard = self.directory[number]
                self.spans[number].entries = cython.address(shard.entries[0])
                self.spans[number].mask = shard.mask

    def _span(self, hashed):
        if cython.compiled:
            return cython.address(self.spans[hashed >> (64 - self.depth)])
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.directory[hashed >> (64 - self.depth)]

    def find(self, key):
        """Number of the key; -1 where there is none."""
        hashed: cython.ulonglong = mix(key)
        span: SpanPointer = self._span(hashed)
        return cython.cast(cython.int, span.entries[2 * place_of(span.entries, span.mask, hashed) + 1]) - 1

    def put(self, key, value):
        """Adds a key, behind itself where it is there: `find` gives the number of the first."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        if 10 * shard.used > 6 * cython.cast(cython.Py_ssize_t, shard.mask):
            self._make_room(shard, hashed)
            shard = self.directory[hashed >> (64 - self.depth)]
        shard.add(hashed, value + 1)
        return 0

    def remove(self, key, value):
        """Removes a key with its number if it is there; two keys that were put in twice are two."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        shard.drop(hashed, value + 1)

    def prefetch(self, key):
        """Has the processor fetch where a key would be; `find` of it some time later costs less."""
        hashed: cython.ulonglong = mix(key)
        span: SpanPointer = self._span(hashed)
        if cython.compiled:
            prefetch(cython.address(span.entries[2 * (hashed & span.mask)]))

    def _make_room(self, shard, hashed):
        """Doubles a small shard; splits one of full size, and the directory with it where that must be."""
        place: cython.Py_ssize_t
        size: cython.Py_ssize_t = shard.mask + 1
        fresh: Shard
        if size >= _SHARD:
            self._split(shard, hashed)
            return
        fresh = Shard(shard.depth, 2 * size)
        for place in range(size):
            if shard.entries[2 * place + 1]:
                fresh.add(shard.entries[2 * place], shard.entries[2 * place + 1])
        shard.entries = fresh.entries
        shard.mask = fresh.mask
        self._note_spans()

    def _split(self, shard, hashed):
        place: cython.Py_ssize_t
        low: Shard = Shard(shard.depth + 1, _SHARD)
        high: Shard = Shard(shard.depth + 1, _SHARD)
        bit: cython.int = 63 - shard.depth
        if shard.depth == self.depth:
            self.directory = [each for each in self.directory for _ in range(2)]
            self.depth += 1
        for place in range(_SHARD):
            if shard.entries[2 * place + 1]:
                if (shard.entries[2 * place] >> bit) & 1:
                    high.add(shard.entries[2 * place], shard.entries[2 * place + 1])
                else:
                    low.add(shard.entries[2 * place], shard.entries[2 * place + 1])
        span = 1 << (self.depth - shard.depth)
        first = (hashed >> (64 - self.depth)) & ~(span - 1)
        for number in range(span):
            self.directory[first + number] = high if 2 * number >= span else low
        self._note_spans()

    def memory(self):
        """Bytes held in shards."""
        return sum(8 * len(shard.entries) for shard in set(self.directory)) + 8 * len(self.directory)
