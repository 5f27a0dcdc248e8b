cimport cython


@cython.final
cdef class FrameView:
    cdef public Py_ssize_t row_count
    cdef public bytes blob
    cdef const unsigned int[::1] ends
    cdef const long long[::1] event_time
    cdef const unsigned char[::1] kind
    cdef const unsigned char[::1] side
    cdef const unsigned char[::1] aggressor
    cdef const double[::1] price
    cdef const double[::1] quantity
    cdef const double[::1] leaves
    cdef const double[::1] bid_price
    cdef const double[::1] ask_price
    cdef const unsigned int[::1] venue
    cdef const unsigned int[::1] instrument
    cdef const unsigned int[::1] account
    cdef const unsigned int[::1] contra
    cdef const unsigned int[::1] order_id
    cdef const unsigned int[::1] client_order_id
    cdef const unsigned int[::1] previous_order_id
    cdef const unsigned int[::1] trade_id
    cdef const unsigned int[::1] phase
    cdef const unsigned int[::1] source
    cdef const unsigned int[::1] event_key
    cdef const long long[::1] source_epoch
    cdef const long long[::1] source_sequence
    cdef const long long[::1] source_part
    cdef int[::1] account_number
    cdef int[::1] source_number
    cdef int[::1] market_number
    cdef unsigned int[::1] market_venue
    cdef bytes text(self, unsigned int index)
    cdef unsigned long long hash_of(self, unsigned int index, unsigned long long seed) noexcept
    cdef unsigned int order_text(self, Py_ssize_t row) noexcept
