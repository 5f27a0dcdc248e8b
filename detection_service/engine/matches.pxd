cimport cython


@cython.final
cdef class MatchTable:
    cdef public unsigned long long[::1] key
    cdef public int[::1] account
    cdef public unsigned char[::1] side
    cdef public unsigned char[::1] paired
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list order_id
    cdef public long long[::1] entry_time
    cdef public double[::1] order_quantity
    cdef Py_ssize_t place_of(self, unsigned long long key) noexcept
    cdef void put(self, Py_ssize_t place, unsigned long long key, int account, int side, bint paired, unsigned long long high, unsigned long long low, bytes order_id)


@cython.final
cdef class PairTable:
    cdef public unsigned long long[::1] key
    cdef public long long[::1] count
    cdef public long long[::1] last_time
    cdef public int[::1] buyer
    cdef public long long[::1] time
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list trade_id
    cdef Py_ssize_t row_of(self, unsigned long long key) noexcept
    cdef long long add(self, Py_ssize_t row, int buyer, long long time, double price, double quantity, unsigned long long high, unsigned long long low, bytes trade_id, long long span, double turns)
