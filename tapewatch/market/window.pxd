cimport cython

from tapewatch.market.rows cimport Rows
from tapewatch.market.window_records cimport BinPointer, BucketPointer, MovePointer, PeriodPointer, SamplePointer


@cython.final
cdef class TradeWindow:
    cdef public long long bucket_ns
    cdef public Py_ssize_t size
    cdef public long long newest
    cdef Rows rows
    cdef BucketPointer buckets
    cdef _point(self)
    cdef BucketPointer _at(self, long long number) noexcept
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
    cdef Rows rows
    cdef BinPointer bins
    cdef public long long total
    cdef public int until_update
    cdef public double median
    cdef public int lowest
    cdef public int highest
    cdef public double high
    cdef double last_quantity
    cdef int last_place
    cdef _point(self)
    cpdef void add(self, double quantity) noexcept
    cdef void _update(self) noexcept


@cython.final
cdef class Rush:
    cdef public long long last_time
    cdef Rows recent_rows
    cdef Rows period_rows
    cdef PeriodPointer recent
    cdef PeriodPointer periods
    cdef _point(self)
    cpdef void add(self, long long time_ns) noexcept


@cython.final
cdef class Moves:
    cdef public long long count
    cdef Rows rows
    cdef MovePointer moves
    cdef _point(self)
    cpdef void add(
        self, long long time_ns, double price, double quantity, unsigned long long event_high, unsigned long long event_low
    ) noexcept


@cython.final
cdef class SpreadSamples:
    cdef public long long count
    cdef Rows rows
    cdef SamplePointer samples
    cdef _point(self)
    cpdef void add(self, long long time_ns, double spread) noexcept
