cimport cython

from tapewatch.fix.message cimport Message
from tapewatch.fix.wire.order_rows cimport OrderRows

@cython.final
cdef class Batch(OrderRows):
    cdef readonly list notes
    cdef dict _types
    cdef int[128] _counts
    cdef bint is_quick
    cdef bint by_transaction
    cdef bint fills_only
    cdef int market_data
    cdef bint tells_unsolicited
    cdef int code
    cpdef int add(self, Message message, str source, long long receive_time_ns) except -1
    cdef bint add_quick(self, Message message, const unsigned char* text, const unsigned long long* entries, str source, long long receive_time_ns) except -1
    cdef bint _quick(self, Message message, int code, long long receive_time_ns) except -1
    cdef bint _add_grouped(self, int grouped, Py_ssize_t count) except -1
    cdef bint _report(self) except -1
    cdef int _kind(self) except -1
    cdef int _kind_of_status(self) except -1
    cdef bint _report_ids(self, int kind) except -1
    cdef bint _event_key(self) except -1
    cdef bint put_reason(self, bytes reason) except -1
    cdef bint _details(self, int kind) except -1
    cdef bint _rarer_details(self, int kind) except -1
    cdef bint _is_unsolicited(self) noexcept
    cdef int _fill(self) except -1
    cdef int _closed(self) except -1
    cdef bint _cancel(self) except -1
    cdef bint _expire(self) except -1
    cdef bint _is_self_trade(self) except -1
    cdef bint _restated(self) except -1
    cdef bint _cancel_reject(self) except -1
    cdef bint _request(self, bytes wanted) except -1
