cimport cython

@cython.final
cdef class Texts:
    cdef readonly Py_ssize_t count
    cdef Py_ssize_t size
    cdef unsigned long long _mask
    cdef unsigned int[::1] _table
    cdef unsigned int[::1] _ends
    cdef unsigned long long[::1] _hashes
    cdef unsigned char[::1] _blob
    cpdef unsigned int number(self, bytes text) except? 0xFFFFFFFF
    cdef unsigned int intern(self, const unsigned char* text, Py_ssize_t start, Py_ssize_t end) except? 0xFFFFFFFF
    cdef bint _same(self, unsigned int index, const unsigned char* text, Py_ssize_t length) noexcept
    cdef unsigned int _add(self, const unsigned char* text, Py_ssize_t length, unsigned long long hashed) except? 0xFFFFFFFF
    cdef void _place(self, unsigned int index, unsigned long long hashed) noexcept
    cdef _make_room(self, Py_ssize_t count)
