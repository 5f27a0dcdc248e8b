cimport cython

from simulator.market cimport Listing, Seat
from simulator.randomness cimport client_quantity, pareto, wait_ns


cdef class Restlessness:
    cdef Seat _seat
    cdef long long _last_ns
    cdef double _last_ticks
    cdef double _level
    @cython.locals(elapsed_seconds=cython.double, usual=cython.double, moved=cython.double, weight=cython.double)
    cpdef double rate_share(self) except *


@cython.locals(gap=cython.double)
cdef double _buy_chance(Listing listing) except *
cdef _take_once(Seat seat, account, int side)
