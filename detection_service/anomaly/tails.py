# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""How far out in its peer group's distribution each feature of a portrait is, and what that comes to by family.

A value is t halvings out where a share 2^-t of the peers' windows reaches it: 1 is the higher half, 10 one of 1,024.
Beyond all that was seen it goes on by the distance that the last four halvings took, by eight more at most.
"""

from math import log as natural_log

import cython

from tapewatch.market import arrays

if cython.compiled:
    from cython.cimports.libc.math import exp, log
else:
    from math import exp, log

_LOG_BASE = cython.declare(cython.double, natural_log(1.3))
"""Of the sums over features: near 1 all count alike, high the largest alone."""
_BEYOND = cython.declare(cython.double, 8.0)
_WIDTH_MIN = cython.declare(cython.double, 0.05)
_PEER_FEATURE = cython.declare(cython.int, 0)


class Tails:
    """Tables of quantiles, and from a portrait the inputs of the forest.

    `edges`: the limits between peer groups, by the portrait's first value (its part of the market's messages).
    `knots` (peer groups, 2, features, halvings): where the upper tail, and of minus the value, has each halving.
    `last` (peer groups): the last halving told. `two_sided` (features): whether low values count as well.
    `ends` (families): where each family ends among the features; those beyond the last count nowhere.
    `members` (2, halvings): where the upper tails of the forest's scores and of the sums of all halvings have each
    halving, `member_last` the last told.
    """

    def __init__(self, edges, knots, last, two_sided, ends, members, member_last):
        self.edges = edges
        self.knots = knots
        self.last = last
        self.two_sided = two_sided
        self.ends = ends
        self.members = members
        self.member_last = member_last
        self.families = len(ends)
        self.halvings = arrays.doubles(len(two_sided))

    def take(self, rows, out):
        """Fills `out` (shape (rows, 2 families + 2)) from portraits `rows`: each family's sum of powers and sum of
        halvings, then those of all together."""
        given: cython.double[:, ::1] = rows
        told: cython.double[:, ::1] = out
        row: cython.Py_ssize_t
        for row in range(given.shape[0]):
            self._measure(given, row)
            self._sum(told, row)

    def combine(self, inputs, scores, out):
        """Fills `out` (shape (rows,)) with how unusual rows are in all: the halvings of the forest's scores, and of the
        sums of all halvings among the `inputs` it was given, added up."""
        given: cython.double[:, ::1] = inputs
        forest: cython.double[::1] = scores
        unusual: cython.double[::1] = out
        row: cython.Py_ssize_t
        for row in range(given.shape[0]):
            unusual[row] = _halvings(self.members[0], self.member_last, forest[row], 1e-6) + _halvings(
                self.members[1], self.member_last, given[row, 2 * self.families + 1], 1e-6
            )

    def told(self, portrait):
        """The halvings of each feature of one portrait, as a list."""
        rows: cython.double[:, ::1] = portrait
        self._measure(rows, 0)
        return [self.halvings[place] for place in range(self.ends[self.families - 1])]

    def _measure(self, rows, row):
        group: cython.Py_ssize_t = 0
        place: cython.Py_ssize_t
        value: cython.double
        lower: cython.double
        while group < self.edges.shape[0] and rows[row, _PEER_FEATURE] >= self.edges[group]:
            group += 1
        for place in range(self.ends[self.families - 1]):
            value = _halvings(self.knots[group, 0, place], self.last[group], rows[row, place], _WIDTH_MIN)
            if self.two_sided[place]:
                lower = _halvings(self.knots[group, 1, place], self.last[group], -rows[row, place], _WIDTH_MIN)
                value = max(0.0, max(value, lower) - 1.0)
            self.halvings[place] = value

    def _sum(self, told, row):
        family: cython.int
        place: cython.Py_ssize_t = 0
        powers: cython.double
        halvings: cython.double
        every_power: cython.double = 0.0
        every_halving: cython.double = 0.0
        for family in range(self.families):
            powers = 0.0
            halvings = 0.0
            while place < self.ends[family]:
                powers += exp(self.halvings[place] * _LOG_BASE)
                halvings += self.halvings[place]
                place += 1
            told[row, 2 * family] = log(powers) / _LOG_BASE
            told[row, 2 * family + 1] = halvings
            every_power += powers
            every_halving += halvings
        told[row, 2 * self.families] = log(every_power) / _LOG_BASE
        told[row, 2 * self.families + 1] = every_halving


def _halvings(knots, last, value, width_min):
    """How many halvings out a value is, in a tail whose halvings begin at some knots."""
    knot: cython.Py_ssize_t = 0
    low: cython.double
    width: cython.double
    while knot <= last and knots[knot] < value:
        knot += 1
    if knot == 0:
        return 0.0
    low = knots[knot - 1]
    if knot <= last:
        return knot - 1.0 + (value - low) / (knots[knot] - low)
    width = max(width_min, (low - knots[max(0, last - 4)]) / 4.0)
    return last + min(_BEYOND, (value - low) / width)
