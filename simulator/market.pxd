cimport cython

from simulator.agenda cimport Agenda
from simulator.matching_engine cimport MatchingEngine
from simulator.order_book cimport BookSide, Order
from simulator.tape cimport Numbering, Person, Tape


@cython.final
cdef class Listing:
    cdef readonly MatchingEngine engine
    cdef readonly object instrument
    cdef readonly str key
    cdef public double value_ticks
    cdef public double caution
    cdef public bint is_read
    cdef public long long resumes_ns
    cdef public long long close_ns
    @cython.locals(bid=cython.longlong, ask=cython.longlong)
    cpdef double mid_ticks(self)
    @cython.locals(bid=cython.longlong, ask=cython.longlong, both=cython.double)
    cpdef double imbalance(self)
    cpdef bint is_continuous(self)


@cython.final
cdef class Market:
    cdef readonly long long now_ns
    cdef readonly long long start_time_ns
    cdef readonly Tape tape
    cdef readonly dict listings
    cdef long long _venue_time_ns
    cdef object _processing
    cdef Agenda _agenda
    cdef list _behaviours
    cdef list _bound_to
    @cython.locals(draw=cython.double, earliest=cython.longlong)
    cpdef long long next_time_ns(self) except *
    @cython.locals(agenda=Agenda, number=cython.longlong, listing=Listing, spread=cython.double)
    cpdef bint step(self, long long end_ns) except -1
    @cython.locals(end_ns=cython.longlong)
    cpdef bint advance(self, object end_time_ns, Py_ssize_t row_count) except -1


cdef class Seat:
    cdef readonly Market _market
    cdef readonly MatchingEngine _engine
    cdef readonly Listing listing
    cdef readonly object instrument
    cdef readonly object random
    @cython.locals(person=Person)
    cpdef submit(self, account, int side, price, quantity, str time_in_force=?, display=?)
    cpdef cancel(self, Order order)
    cpdef replace(self, Order order, price, quantity)
    cpdef best(self, int side)
    cpdef depth(self, int side, int level_count)
    cpdef net_taken(self)
