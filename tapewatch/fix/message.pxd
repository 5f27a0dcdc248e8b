cdef class FieldMap:
    cdef object _fields
    cdef dict _values
    cpdef dict _read(self)


cdef class Message(FieldMap):
    cdef public bytes raw
    cdef public long long epoch
    cdef object _sequence
    # What the scan noted of the header, as places in `raw`; only where `is_scanned`.
    cdef public bint is_scanned
    cdef bint has_history
    cdef bint is_ascii
    cdef long long number
    cdef object places
    cdef Py_ssize_t field_count
    cdef long long byte_sum
    cdef Py_ssize_t begin_end
    cdef Py_ssize_t type_start
    cdef Py_ssize_t type_end
    cdef Py_ssize_t sender_start
    cdef Py_ssize_t sender_end
    cdef Py_ssize_t target_start
    cdef Py_ssize_t target_end
    cdef Py_ssize_t sent_start
    cdef Py_ssize_t sent_end
