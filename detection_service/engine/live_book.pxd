from detection_service.engine.market_state cimport MarketState
from detection_service.engine.registry cimport Registry
from tapewatch.market.order_table cimport OrderTable
from tapewatch.market.records cimport OrderPointer


cdef class LiveBook(Registry):
    cdef public OrderTable orders
    cdef public MarketState market
    cdef public long long now
    cdef public long long now_minute
    cdef public long long minute_start
    cdef public int source
    cdef public unsigned long long event_high
    cdef public unsigned long long event_low
    cdef long long epoch
    cdef long long part
    cdef int identified
    cdef unsigned long long identity_high
    cdef unsigned long long identity_low
    cdef Py_ssize_t ahead
    cdef long long[::1] ahead_row
    cdef unsigned long long[::1] ahead_key
    cdef unsigned long long[::1] ahead_activity
    cdef int[::1] ahead_market
    cdef int[::1] ahead_slot
    cdef int[::1] ahead_number
    cdef take_up(self, view)
    cdef void _fetch_ahead(self, Py_ssize_t row) noexcept
    cdef void _fetch_index(self, Py_ssize_t row) noexcept
    cdef void _fetch_records(self, Py_ssize_t row) noexcept
    cdef void _fetch_activity(self, int number, int kind) noexcept
    cdef void _fetch_rings(self, Py_ssize_t row) noexcept
    cdef void _fetch_across(self, Py_ssize_t row, unsigned int group) noexcept
    cdef void _fetch_across_rings(self, Py_ssize_t row, unsigned int group) noexcept
    cdef MarketState _market(self, Py_ssize_t row)
    cdef unsigned long long _key(self, Py_ssize_t row) noexcept
    cdef int _activity(self, Py_ssize_t row, int account) except -2
    cdef void _identify(self, Py_ssize_t row) noexcept
    cdef int _find(self, Py_ssize_t row) noexcept
    cdef int _insert(self, Py_ssize_t row, double quantity, double leaves) except -1
    cdef _rest(self, int slot)
    cdef void _hold(self, OrderPointer order, double delta) noexcept
    cdef void _close(self, int slot) noexcept
    cdef void _set_leaves(self, int slot, double leaves) noexcept
    cdef _rekey(self, Py_ssize_t row, int slot, double price, double quantity, double leaves)
