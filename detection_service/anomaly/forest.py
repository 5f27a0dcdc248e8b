# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Isolation trees padded to complete ones, walked several at a time: no branch depends on what is compared."""

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.libc.math import exp2
else:
    from math import exp2

_TOGETHER = cython.declare(cython.int, 4)


class Forest:
    """Trees of one depth end to end: node n of a tree has the children 2n + 1 (at most the threshold) and 2n + 2.

    `feature` (uint8) and `threshold` (float32) have 2^depth - 1 inner nodes a tree; `length` (float64) has the path
    length at each of its 2^depth leaves; `normaliser` is the mean path length of the sample size. Inputs are rounded
    to float32, as scikit-learn does.
    """

    def __init__(self, columns, depth, feature, threshold, length, normaliser):
        self.columns = columns
        self.depth = depth
        self.feature = feature
        self.threshold = threshold
        self.length = length
        self.normaliser = normaliser
        self.trees = len(length) >> depth
        self.row = arrays.floats(_TOGETHER * columns)

    def scores(self, rows, out):
        """Fills `out` (float64, shape (rows,)) with the scores of rows (float64, (rows, columns)): 2^(-mean path length
        / normaliser), higher is more unusual (Liu, Ting, Zhou 2008, "Isolation Forest").

        Each sum is taken in the order of the trees, so that it does not depend on what is asked with a row.
        """
        given: cython.double[:, ::1] = rows
        totals: cython.double[::1] = out
        count: cython.Py_ssize_t = given.shape[0]
        first: cython.Py_ssize_t = 0
        row: cython.Py_ssize_t
        column: cython.Py_ssize_t
        while first < count:
            for row in range(min(_TOGETHER, count - first)):
                for column in range(self.columns):
                    self.row[row * self.columns + column] = given[first + row, column]
            if count - first >= _TOGETHER:
                self._rows(totals, first)
                first += _TOGETHER
            else:
                for row in range(count - first):
                    totals[first + row] = self._one(row * self.columns)
                first = count
        for first in range(count):
            totals[first] = exp2(-totals[first] / (self.trees * self.normaliser))

    def _rows(self, totals, first):
        """Walks four rows through each tree."""
        tree: cython.Py_ssize_t
        inner: cython.Py_ssize_t
        leaf: cython.Py_ssize_t
        _level: cython.int
        width: cython.Py_ssize_t = self.columns
        a: cython.Py_ssize_t
        b: cython.Py_ssize_t
        c: cython.Py_ssize_t
        d: cython.Py_ssize_t
        one: cython.double = 0.0
        two: cython.double = 0.0
        three: cython.double = 0.0
        four: cython.double = 0.0
        for tree in range(self.trees):
            inner = tree * ((1 << self.depth) - 1)
            leaf = (tree << self.depth) - ((1 << self.depth) - 1)
            a = b = c = d = 0
            for _level in range(self.depth):
                a = 2 * a + 1 + (self.row[self.feature[inner + a]] > self.threshold[inner + a])
                b = 2 * b + 1 + (self.row[width + self.feature[inner + b]] > self.threshold[inner + b])
                c = 2 * c + 1 + (self.row[2 * width + self.feature[inner + c]] > self.threshold[inner + c])
                d = 2 * d + 1 + (self.row[3 * width + self.feature[inner + d]] > self.threshold[inner + d])
            one += self.length[leaf + a]
            two += self.length[leaf + b]
            three += self.length[leaf + c]
            four += self.length[leaf + d]
        totals[first] = one
        totals[first + 1] = two
        totals[first + 2] = three
        totals[first + 3] = four

    def _one(self, start):
        """Walks one row, whose values begin at `start`, through four trees at a time."""
        tree: cython.Py_ssize_t = 0
        _level: cython.int
        size: cython.Py_ssize_t = (1 << self.depth) - 1
        inner: cython.Py_ssize_t
        leaf: cython.Py_ssize_t
        a: cython.Py_ssize_t
        b: cython.Py_ssize_t
        c: cython.Py_ssize_t
        d: cython.Py_ssize_t
        total: cython.double = 0.0
        while tree + _TOGETHER <= self.trees:
            inner = tree * size
            leaf = (tree << self.depth) - size
            a = b = c = d = 0
            for _level in range(self.depth):
                a = 2 * a + 1 + (self.row[start + self.feature[inner + a]] > self.threshold[inner + a])
                b = 2 * b + 1 + (self.row[start + self.feature[inner + size + b]] > self.threshold[inner + size + b])
                c = (
                    2 * c
                    + 1
                    + (self.row[start + self.feature[inner + 2 * size + c]] > self.threshold[inner + 2 * size + c])
                )
                d = (
                    2 * d
                    + 1
                    + (self.row[start + self.feature[inner + 3 * size + d]] > self.threshold[inner + 3 * size + d])
                )
            total += self.length[leaf + a]
            total += self.length[leaf + size + 1 + b]
            total += self.length[leaf + 2 * (size + 1) + c]
            total += self.length[leaf + 3 * (size + 1) + d]
            tree += _TOGETHER
        while tree < self.trees:
            a = 0
            for _level in range(self.depth):
                a = 2 * a + 1 + (self.row[start + self.feature[tree * size + a]] > self.threshold[tree * size + a])
            total += self.length[(tree << self.depth) - size + a]
            tree += 1
        return total
