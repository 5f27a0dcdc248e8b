cimport cython

from detection_service.engine.match_records cimport MatchPointer, MatchSidePointer
from detection_service.engine.records cimport FillPointer
from detection_service.engine.texts cimport LongTexts
from tapewatch.market.rows cimport Rows


@cython.final
cdef class MatchTable:
    cdef public Rows rows
    cdef readonly Py_ssize_t size
    cdef bint empty
    cdef MatchSidePointer sides
    cdef MatchSidePointer at(self, Py_ssize_t place) noexcept
    cpdef Py_ssize_t find(self, unsigned long long key) noexcept
    cpdef Py_ssize_t place_for(self, unsigned long long key, long long now) except -1
    cdef void prefetch(self, unsigned long long key) noexcept
    cdef bint _young(self, Py_ssize_t place, long long now) noexcept
    cdef _own(self)
    cdef _point(self)
    cdef _grow(self)


@cython.final
cdef class MatchLog:
    cdef public long long count
    cdef public long long first
    cdef readonly Py_ssize_t size
    cdef public long long[::1] head
    cdef public Rows rows_held
    cdef MatchPointer matches
    cdef MatchPointer _at(self, Py_ssize_t place) noexcept
    cpdef Py_ssize_t add(self, unsigned long long key, int buyer, int seller, long long time, double price, double quantity, unsigned long long high, unsigned long long low, int aggressor) except -1
    cdef void name(self, long long number, FillPointer fill) noexcept
    cpdef void complete(self, long long number, unsigned long long high, unsigned long long low, long long entry_gap, double size_ratio) noexcept
    cpdef long long recent(self, unsigned long long key, long long since, double turns) noexcept
    cpdef long long arranged_of(self, unsigned long long key, long long since, long long gap, double ratio) noexcept
    cdef void prefetch(self) noexcept
    cdef long long _oldest(self) noexcept
    cdef _point(self)
    cdef _grow(self)
