cimport cython


@cython.final
cdef class TradeWindow:
    cdef public long long bucket_ns
    cdef public Py_ssize_t size
    cdef public long long newest
    cdef public long long[::1] number
    cdef public double[::1] open
    cdef public double[::1] high
    cdef public double[::1] low
    cdef public double[::1] close
    cdef public double[::1] volume
    cdef public double[::1] buy_volume
    cdef public int[::1] trades
    cpdef void add(self, long long time_ns, double price, double quantity, int aggressor_side) noexcept
    cpdef double lowest(self, long long first, long long last) noexcept
    cpdef double highest(self, long long first, long long last) noexcept
    cpdef double traded(self, long long first, long long last) noexcept
    cpdef double bought(self, long long first, long long last) noexcept
    cpdef double first_open(self, long long first, long long last) noexcept
    cpdef double last_close(self, long long first, long long last) noexcept
    cpdef long long count(self, long long first, long long last) noexcept


@cython.final
cdef class SizeHistogram:
    cdef public int[::1] counts
    cdef public long long total
    cdef public int until_update
    cdef public double median
    cdef public int lowest
    cdef public int highest
    cdef public double high
    cpdef void add(self, double quantity) noexcept
    cdef void _update(self) noexcept


@cython.final
cdef class Rush:
    cdef public long long last_time
    cdef public long long[::1] recent_number
    cdef public int[::1] recent
    cdef public long long[::1] number
    cdef public int[::1] peak
    cpdef void add(self, long long time_ns) noexcept


@cython.final
cdef class Moves:
    cdef public long long count
    cdef public long long[::1] time
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cpdef void add(
        self, long long time_ns, double price, double quantity, unsigned long long event_high, unsigned long long event_low
    ) noexcept


@cython.final
cdef class SpreadSamples:
    cdef public long long count
    cdef public long long[::1] time
    cdef public double[::1] spread
    cpdef void add(self, long long time_ns, double spread) noexcept
