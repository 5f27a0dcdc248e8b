cimport cython

from tapewatch.market.key_index cimport KeyIndex


@cython.final
cdef class Block:
    cdef public int[::1] group
    cdef public int[::1] family
    cdef public double[::1] initial
    cdef public double[::1] bought
    cdef public double[::1] sold
    cdef public double[::1] noted


@cython.final
cdef class Holdings:
    cdef public int count
    cdef public list blocks
    cdef public KeyIndex index
    cpdef int number_of(self, int group, int family)
    cdef int make(self, int group, int family, double initial)
    cdef void add(self, int number, int side, double quantity) noexcept
    cpdef double net(self, int number) noexcept
    cdef bint grew(self, int number, double least) noexcept
    cdef _know(self, int group, int family, int number)


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
    cdef void add(self, long long now, int account, int side, double quantity, double notional, unsigned long long high, unsigned long long low)
    cdef Py_ssize_t _place_of(self, long long number) noexcept
