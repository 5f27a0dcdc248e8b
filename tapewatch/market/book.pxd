cimport cython

from tapewatch.market.records cimport LevelPointer, StepPointer
from tapewatch.market.rows cimport Rows


@cython.final
cdef class Ladder:
    cdef public bint is_bid
    cdef public Py_ssize_t length
    cdef public int free
    cdef Rows step_rows
    cdef Rows level_rows
    cdef StepPointer steps
    cdef LevelPointer levels
    cdef StepPointer _step(self, Py_ssize_t position) noexcept
    cdef LevelPointer _at(self, int level) noexcept
    cdef void _point(self) noexcept
    cdef void _chain(self, Py_ssize_t start) noexcept
    cdef _grow(self)
    cdef void _copy(self, Py_ssize_t source, Py_ssize_t target) noexcept
    cdef void prefetch(self) noexcept
    cdef void prefetch_level(self, int level) noexcept
    cdef Py_ssize_t _find(self, double rank) noexcept
    cdef int _insert(self, Py_ssize_t position, double price) except -1
    cdef void _remove(self, int number) noexcept
    cdef int _level(self, double price) except -1
    cpdef int enter(self, double price, double quantity) except -1
    cpdef void leave(self, int number, double quantity) noexcept
    cpdef void change(self, int number, double delta) noexcept
    cpdef seed(self, double price, double quantity)
    cpdef void take_seeded(self, double price, double quantity) noexcept
    cpdef double best(self) noexcept
    cpdef double quantity(self, int level) noexcept
    cpdef double depth(self, Py_ssize_t levels) noexcept
    cpdef double behind(self, double price) noexcept
    cpdef bint leads(self, double price) noexcept
    cpdef bint meets(self, double price) noexcept
    cpdef double reach(self, double quantity, double limit) noexcept


@cython.final
cdef class Book:
    cdef public Ladder bids
    cdef public Ladder asks
    cpdef Ladder ladder(self, int side)
