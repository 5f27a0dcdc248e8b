from detection_service.engine.activity cimport Activity
from detection_service.engine.frame_view cimport FrameView
from detection_service.engine.market_state cimport MarketState
from tapewatch.market.key_index cimport KeyIndex


cdef class Registry:
    cdef public FrameView view
    cdef public list markets
    cdef public list activities
    cdef public KeyIndex activity_index
    cdef public dict market_numbers
    cdef public dict venue_numbers
    cdef public dict account_numbers
    cdef public dict source_numbers
    cdef public dict group_numbers
    cdef public list account_names
    cdef public list source_names
    cdef public list venue_names
    cdef public list group_names
    cdef public object group_of
    cdef public int windows_held
    cdef public int[::1] group_of_account
    cdef public long long[::1] venue_time
    cdef public long long[::1] venue_deadline
    cdef public long long[::1] evaluated
    cdef public long long[::1] unknown_orders
    cdef public long long[::1] late
    cdef public int[::1] capabilities
    cdef public unsigned long long[::1] source_seed
    cdef MarketState market_of(self, Py_ssize_t row)
    cdef int account_of(self, unsigned int index)
    cdef int source_of(self, unsigned int index)
    cdef Activity activity_of(self, int account, int market)
