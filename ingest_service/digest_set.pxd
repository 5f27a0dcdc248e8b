cimport cython

@cython.final
cdef class DigestSet:
    cdef Py_ssize_t _count
    cdef unsigned long long _mask
    cdef unsigned long long[::1] _cells
    cdef set _pairs
    cpdef Py_ssize_t claim(
        self,
        const unsigned long long[::1] digests,
        Py_ssize_t start,
        DigestSet older,
        unsigned char[::1] known,
        Py_ssize_t count_max,
    ) except -1
    cdef Py_ssize_t _place(self, unsigned long long low, unsigned long long high) noexcept
    cdef bint _has(self, unsigned long long low, unsigned long long high)
    cdef _add(self, unsigned long long low, unsigned long long high)
    cdef void _fetch(self, unsigned long long low) noexcept
    cdef _double(self)
