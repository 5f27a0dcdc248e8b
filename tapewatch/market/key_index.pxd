cimport cython

cdef struct Span:
    unsigned long long* entries
    unsigned long long mask

ctypedef Span* SpanPointer


@cython.final
cdef class Shard:
    cdef public int depth
    cdef public Py_ssize_t used
    cdef unsigned long long mask
    cdef public unsigned long long[::1] entries
    cdef void add(self, unsigned long long hashed, unsigned long long value) noexcept
    cdef void drop(self, unsigned long long hashed, unsigned long long value) noexcept


@cython.final
cdef class KeyIndex:
    cdef public int depth
    cdef public list directory
    cdef SpanPointer spans
    cdef SpanPointer _span(self, unsigned long long hashed) noexcept
    cdef _note_spans(self)
    cpdef int find(self, unsigned long long key) noexcept
    cdef void prefetch(self, unsigned long long key) noexcept
    cpdef int put(self, unsigned long long key, int value) except -1
    cpdef void remove(self, unsigned long long key, int value) noexcept
    cdef _make_room(self, Shard shard, unsigned long long hashed)
    cdef _split(self, Shard shard, unsigned long long hashed)


cdef unsigned long long place_of(unsigned long long* entries, unsigned long long mask, unsigned long long hashed) noexcept
