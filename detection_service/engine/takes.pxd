cimport cython


@cython.final
cdef class Takes:
    cdef int count
    cdef long long[::1] time
    cdef unsigned long long[::1] high
    cdef unsigned long long[::1] low
    cdef long long[::1] actor
    cdef long long[::1] place
    cdef int[::1] order
    cdef int[::1] other
    cdef add(self, long long time, unsigned long long high, unsigned long long low, long long actor, long long place)
    cdef _grow(self)
    cdef void sort(self) noexcept
    cdef void _merge(self, int low, int middle, int high) noexcept
    cdef bint _is_before(self, int one, int other) noexcept
    cdef bint is_since(self, int one, long long time, unsigned long long high, unsigned long long low) noexcept
