cimport cython


@cython.final
cdef class OrderTable:
    cdef public Py_ssize_t live
    cdef public int free
    cdef public int[::1] index
    cdef public unsigned long long index_mask
    cdef public unsigned long long[::1] key
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public double[::1] leaves
    cdef public double[::1] depth_share
    cdef public long long[::1] entry_time
    cdef public int[::1] level
    cdef public int[::1] account
    cdef public int[::1] participant
    cdef public unsigned char[::1] side
    cpdef int find(self, unsigned long long key) noexcept
    cpdef int insert(self, unsigned long long key)
    cpdef void remove(self, int slot) noexcept
