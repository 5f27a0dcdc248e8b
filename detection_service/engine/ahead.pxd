cimport cython


@cython.final
cdef class LargeOrders:
    cdef public Py_ssize_t count
    cdef public long long[::1] latest
    cdef public long long[::1] time
    cdef public int[::1] group
    cdef public int[::1] account
    cdef public unsigned char[::1] side
    cdef public double[::1] quantity
    cdef public double[::1] price
    cdef public double[::1] before
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list order_id
    cdef public long long[::1] hour_number
    cdef public double[::1] hour_largest
    cdef public double largest_before
    cdef add(self, long long now, int group, int account, int side, double quantity, double price, double before, unsigned long long high, unsigned long long low, bytes order_id)
    cdef _measure(self, long long hour, double quantity)
