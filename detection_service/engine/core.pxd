cimport cython

from detection_service.engine.across cimport Across
from detection_service.engine.flow cimport Conditions
from tapewatch.market.book cimport Ladder


@cython.final
cdef class Core(Across):
    cdef public Py_ssize_t row
    cdef public int wanted
    cdef public Conditions market_conditions
    cdef public object due_market
    cdef public double price_move
    cpdef int run(self) except -1
    cdef bint _step(self, Py_ssize_t row) except -1
    cdef _interrupt(self, Py_ssize_t row)
    cdef bint _tick(self) except -1
    cdef _other(self, Py_ssize_t row, int kind)
    cdef _enter(self, Py_ssize_t row)
    cdef double _distance(self, Ladder ladder, int side, double price, double otherwise) noexcept
    cdef _cancel(self, Py_ssize_t row)
    cdef _expire(self, Py_ssize_t row)
    cdef _replace(self, Py_ssize_t row)
    cdef _move(self, Py_ssize_t row, int slot, double price, double quantity, double leaves)
    cdef _unknown(self, Py_ssize_t row)
    cdef _fill(self, Py_ssize_t row)
    cdef void _print(self, double price, double quantity, int side) noexcept
