# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Numbers by 64-bit key: open addressing that only grows."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.tapewatch.market.hashing import mix
else:
    from tapewatch.market.hashing import mix

_FIELDS = ("used", "mask", "key", "value")


class KeyIndex:
    """A map from keys to numbers of 0 and above; at most half full. Values are held plus one, 0 is an empty place."""

    def __init__(self):
        self.used = 0
        self.mask = 1023
        self.key = arrays.words(1024)
        self.value = arrays.integers(1024)

    def find(self, key):
        """Number of the key; -1 where there is none."""
        place: cython.ulonglong = mix(key) & self.mask
        while self.value[place]:
            if self.key[place] == key:
                return self.value[place] - 1
            place = (place + 1) & self.mask
        return -1

    def put(self, key, value):
        """Adds a key that is not there yet."""
        place: cython.ulonglong
        old_key = self.key
        old_value = self.value
        if 2 * self.used > self.mask:
            size = 2 * len(self.value)
            self.mask = size - 1
            self.key = arrays.words(size)
            self.value = arrays.integers(size)
            self.used = 0
            for index in range(len(old_value)):
                if old_value[index]:
                    self.put(old_key[index], old_value[index] - 1)
        place = mix(key) & self.mask
        while self.value[place]:
            place = (place + 1) & self.mask
        self.key[place] = key
        self.value[place] = value + 1
        self.used += 1

    def state(self):
        """Plain values from which `restore` makes the same index."""
        return arrays.dump(self, _FIELDS)

    def restore(self, state):
        """Becomes the index whose `state` was taken."""
        arrays.load(self, _FIELDS, state)
