from tapewatch.fix.message cimport Message
from tapewatch.fix.wire.reading cimport FieldReader

cdef class OrderRows(FieldReader):
    cdef object profile
    cdef bint is_covered
    cdef bint swaps_ids
    cdef int session_account
    cdef bytes default_venue
    cdef dict venue_names
    cdef dict instrument_names
    cdef unsigned long long[18] account_roles
    cdef unsigned long long[18] trader_roles
    cdef unsigned long long[18] contra_roles
    cdef tuple self_trade
    cdef list copied_names
    cdef unsigned char[18] account
    cdef unsigned char[18] order
    cdef unsigned char[18] previous
    cdef unsigned char[18] execution
    cdef unsigned char[18] dedup
    cdef unsigned char[18] trade
    cdef unsigned char[18] trade_report
    cdef unsigned char[18] trade_reference
    cdef unsigned char[18] venue
    cdef unsigned char[18] instrument
    cdef unsigned char[18] suffixes
    cdef unsigned char[18] report_trader
    cdef unsigned char[18] request_trader
    cdef unsigned char[18] copied
    cdef unsigned char[18] copied_columns
    cdef dict _sources
    cdef str source
    cdef bytes source_text
    cdef bytes listed_account
    cdef bint is_request
    cdef int client
    cdef int original
    cdef long long time_ns
    cdef long long day
    cdef bytes day_text
    cdef unsigned long long sender
    cdef unsigned long long target
    cdef bint requests_are_events
    cdef bytes this_day(self)
    cdef int put_aggressor(self) except -1
    cdef _set_lists(self, object plan)
    cdef int _learn(self, str source) except -1
    cdef bint _base(self, Message message, long long receive_time_ns) except -1
    cdef int _ids(self) except -1
    cdef int _venue(self) except -1
    cdef int _instrument(self) except -1
    cdef int _owner(self) except -1
    cdef int _put_session_account(self) except -1
    cdef int _order_fields(self) except -1
    cdef int _terms(self) except -1
