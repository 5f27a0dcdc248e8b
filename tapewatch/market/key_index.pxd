cimport cython


@cython.final
cdef class KeyIndex:
    cdef public Py_ssize_t used
    cdef public unsigned long long mask
    cdef public unsigned long long[::1] key
    cdef public int[::1] value
    cpdef int find(self, unsigned long long key) noexcept
    cpdef void put(self, unsigned long long key, int value)
