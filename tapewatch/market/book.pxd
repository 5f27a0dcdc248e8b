cimport cython


@cython.final
cdef class Ladder:
    cdef public bint is_bid
    cdef public Py_ssize_t length
    cdef public int free
    cdef public double[::1] rank
    cdef public int[::1] place
    cdef public double[::1] price
    cdef public double[::1] high
    cdef public double[::1] low
    cdef public double[::1] seeded
    cdef public int[::1] orders
    cdef Py_ssize_t _find(self, double rank) noexcept
    cdef int _insert(self, Py_ssize_t position, double price)
    cdef void _remove(self, int level) noexcept
    cdef int _level(self, double price)
    cpdef int enter(self, double price, double quantity)
    cpdef void leave(self, int level, double quantity) noexcept
    cpdef void change(self, int level, double delta) noexcept
    cpdef void seed(self, double price, double quantity)
    cpdef void take_seeded(self, double price, double quantity) noexcept
    cpdef double best(self) noexcept
    cpdef double quantity(self, int level) noexcept
    cpdef double depth(self, Py_ssize_t levels) noexcept
    cpdef double behind(self, double price) noexcept
    cpdef double reach(self, double quantity, double limit) noexcept


@cython.final
cdef class Book:
    cdef public Ladder bids
    cdef public Ladder asks
    cpdef Ladder ladder(self, int side)
    cpdef bint crosses(self, int side, double price) noexcept
