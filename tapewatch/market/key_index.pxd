cdef class KeyIndex:
    cdef public Py_ssize_t used
    cdef public unsigned long long mask
    cdef public unsigned long long[::1] key
    cdef public int[::1] value
    cdef int find(self, unsigned long long key) noexcept
    cdef void put(self, unsigned long long key, int value)
