cimport cython


@cython.final
cdef class MatchTable:
    cdef public Py_ssize_t size
    cdef public unsigned long long[::1] key
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public long long[::1] time
    cdef public long long[::1] entry_time
    cdef public long long[::1] fill_number
    cdef public long long[::1] match_number
    cdef public int[::1] account
    cdef public int[::1] activity
    cdef public unsigned char[::1] side
    cdef public unsigned char[::1] paired
    cdef public unsigned char[::1] counted
    cdef public unsigned char[::1] filled
    cdef public unsigned char[::1] printed
    cdef public double[::1] order_quantity
    cdef public list order_id
    cpdef Py_ssize_t find(self, unsigned long long key) noexcept
    cpdef Py_ssize_t place_for(self, unsigned long long key, long long now)
    cdef bint _young(self, Py_ssize_t place, long long now) noexcept
    cdef void _grow(self)


@cython.final
cdef class MatchLog:
    cdef public long long count
    cdef public long long first
    cdef public Py_ssize_t size
    cdef public long long[::1] head
    cdef public unsigned long long[::1] key
    cdef public long long[::1] previous
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public unsigned long long[::1] other_high
    cdef public unsigned long long[::1] other_low
    cdef public long long[::1] time
    cdef public long long[::1] entry_gap
    cdef public int[::1] buyer
    cdef public int[::1] seller
    cdef public unsigned char[::1] aggressor
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public double[::1] size_ratio
    cdef public list trade_id
    cpdef long long add(self, unsigned long long key, int buyer, int seller, long long time, double price, double quantity, unsigned long long high, unsigned long long low, bytes trade_id, int aggressor)
    cpdef void complete(self, long long number, unsigned long long high, unsigned long long low, long long entry_gap, double size_ratio) noexcept
    cpdef long long recent(self, unsigned long long key, long long since, double turns) noexcept
    cpdef long long arranged_of(self, unsigned long long key, long long since, long long gap, double ratio) noexcept
    cdef long long _oldest(self) noexcept
    cdef void _grow(self)
