cimport cython


@cython.final
cdef class FillRing:
    cdef public Py_ssize_t count
    cdef public long long[::1] time
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public double[::1] order_quantity
    cdef public unsigned char[::1] side
    cdef public int[::1] account
    cdef public int[::1] contra
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list order_id
    cdef public list trade_id
    cdef double traded(self, int side, long long since) noexcept


@cython.final
cdef class WithdrawalRing:
    cdef public Py_ssize_t count
    cdef Py_ssize_t together_first
    cdef public long long[::1] time
    cdef public long long[::1] entry_time
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public double[::1] depth_share
    cdef public double[::1] opposite_open
    cdef public unsigned char[::1] side
    cdef public int[::1] account
    cdef public unsigned long long[::1] entry_high
    cdef public unsigned long long[::1] entry_low
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list order_id
    cdef bint dominates(self, int side, long long since, double minimum, double ratio, double large, int several) noexcept
    cdef int together(self, int side, Py_ssize_t first) noexcept


@cython.final
cdef class Activity:
    cdef public int number
    cdef public int group
    cdef public int market
    cdef public FillRing fills
    cdef public WithdrawalRing withdrawals
    cdef public long long[::1] last_fill_time
    cdef public double[::1] last_fill_order_quantity
    cdef public long long[::1] last_withdrawal_time
    cdef public double[::1] open_high
    cdef public double[::1] open_low
    cdef public long long window
    cdef public double[::1] window_measures
    cdef public list closed_windows
    cdef public int windows_held
    cdef void roll(self, long long time_ns)
    cdef void hold(self, int side, double delta) noexcept
