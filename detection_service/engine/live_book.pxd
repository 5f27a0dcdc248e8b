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
    cdef void _identify(self, Py_ssize_t row) noexcept
    cdef int _find(self, Py_ssize_t row)
    cdef int _insert(self, Py_ssize_t row, double quantity, double leaves)
    cdef void _rest(self, int slot)
    cdef void _hold(self, OrderPointer order, double delta) noexcept
    cdef void _close(self, int slot)
    cdef void _set_leaves(self, int slot, double leaves)
    cdef void _rekey(self, Py_ssize_t row, int slot, double price, double quantity, double leaves)
