cimport cython
from simulator.market cimport Listing, Seat
from simulator.matching_engine cimport MatchingEngine
from simulator.order_book cimport Order
from simulator.randomness cimport gauss, jittered_ns
from simulator.traders.belief cimport Belief


@cython.final
cdef class Quotes:
    cdef Seat _seat
    cdef object _account
    cdef list _orders
    cdef list _counted
    cdef public long long inventory
    @cython.locals(place=cython.int, order=Order, filled=cython.longlong)
    cpdef count_fills(self)
    @cython.locals(order=Order)
    cpdef clear(self)
    @cython.locals(place=cython.int, order=Order, draw=cython.double)
    cpdef quote(self, int side, int level, long long price)


@cython.locals(multiple=cython.double)
cdef long long _quote_quantity(Seat seat, int level) except *
