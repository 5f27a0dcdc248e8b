# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Numbers by 64-bit key: extendible hashing, so that growth never rehashes more than one small shard.

After Fagin, Nievergelt, Pippenger, Strong 1979, "Extendible hashing": a directory over the leading bits of a key's hash
names shards; a full shard is doubled, and beyond a size split in two by one bit more.
"""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.tapewatch.market.memory import mix, prefetch
else:
    from tapewatch.market.hashing import mix

_INITIAL = cython.declare(cython.int, 64)
_SHARD = cython.declare(cython.int, 8192)
_DEPTH = 4


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

    def find(self, hashed):
        """Number of a hash; -1 where there is none."""
        place: cython.ulonglong = hashed & self.mask
        while self.entries[2 * place + 1]:
            if self.entries[2 * place] == hashed:
                return self.entries[2 * place + 1] - 1
            place = (place + 1) & self.mask
        return -1

    def add(self, hashed, value):
        """Adds a hash that is not there yet; `value` plus one."""
        place: cython.ulonglong = hashed & self.mask
        while self.entries[2 * place + 1]:
            place = (place + 1) & self.mask
        self.entries[2 * place] = hashed
        self.entries[2 * place + 1] = value
        self.used += 1

    def drop(self, hashed):
        """Removes a hash; later entries of its probe run move up, so that no tombstones remain."""
        place: cython.ulonglong = hashed & self.mask
        hole: cython.ulonglong
        while self.entries[2 * place + 1]:
            if self.entries[2 * place] == hashed:
                break
            place = (place + 1) & self.mask
        if not self.entries[2 * place + 1]:
            return
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

    def prefetch(self, hashed):
        """Has the processor fetch where a hash would be."""
        if cython.compiled:
            prefetch(cython.address(self.entries[2 * (hashed & self.mask)]))


class KeyIndex:
    """A map from keys to numbers of 0 and above.

    It has no state of its own: what it maps to holds the keys, so whoever restores that puts them in again.
    """

    def __init__(self):
        self.depth = _DEPTH
        self.directory = [Shard(_DEPTH, _INITIAL) for _ in range(1 << _DEPTH)]

    def find(self, key):
        """Number of the key; -1 where there is none."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        return shard.find(hashed)

    def put(self, key, value):
        """Adds a key that is not there yet."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        if 10 * shard.used > 6 * cython.cast(cython.Py_ssize_t, shard.mask):
            self._make_room(shard, hashed)
            shard = self.directory[hashed >> (64 - self.depth)]
        shard.add(hashed, value + 1)
        return 0

    def remove(self, key):
        """Removes a key if it is there."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        shard.drop(hashed)

    def prefetch(self, key):
        """Has the processor fetch where a key would be; `find` of it some time later costs less."""
        hashed: cython.ulonglong = mix(key)
        shard: Shard = self.directory[hashed >> (64 - self.depth)]
        shard.prefetch(hashed)

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

    def memory(self):
        """Bytes held in shards."""
        return sum(8 * len(shard.entries) for shard in set(self.directory)) + 8 * len(self.directory)
