cimport cython

from detection_service.engine.owner_records cimport HoldingPointer
from tapewatch.market.arena cimport Arena
from tapewatch.market.key_index cimport KeyIndex


@cython.final
cdef class Holdings:
    cdef public Arena arena
    cdef public KeyIndex index
    cpdef int number_of(self, int group, int family) noexcept
    cdef void prefetch(self, int group, int family) noexcept
    cdef HoldingPointer at(self, int number) noexcept
    cdef int make(self, int group, int family, double initial) except -1
    cdef _know(self, int group, int family, int number)
    cpdef double net(self, int number) noexcept
    cdef bint add(self, int number, int side, double quantity, double least) noexcept


@cython.final
cdef class Flows:
    cdef public int group
    cdef public list accounts
    cdef public int last_account
    cdef public Py_ssize_t count
    cdef public long long[::1] number
    cdef public double[::1] bought
    cdef public double[::1] sold
    cdef public double[::1] bought_notional
    cdef public double[::1] sold_notional
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public long long[::1] day
    cdef public double[::1] day_bought
    cdef public double[::1] day_sold
    cdef add(self, long long now, int account, int side, double quantity, double notional, unsigned long long high, unsigned long long low)
    cdef Py_ssize_t _place_of(self, long long number) noexcept
