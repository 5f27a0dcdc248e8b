cimport cython

from detection_service.engine.flow cimport Conditions
from detection_service.engine.groups cimport Groups
from detection_service.engine.matches cimport MatchTable, PairTable


@cython.final
cdef class Core(Groups):
    cdef public Py_ssize_t row
    cdef public MatchTable matches
    cdef public PairTable pairs
    cdef public Conditions market_conditions
    cdef public object due_market
    cdef public long long entry_time
    cdef public double order_quantity
    cdef public long long arranged_gap_ns
    cdef public double arranged_ratio
    cdef public long long match_entry_gap
    cdef public double match_size_ratio
    cdef public long long pair_window_ns
    cdef public int pair_trades
    cdef public double pair_turns
    cdef public double price_move
    cdef public int match_buyer
    cdef public int match_seller
    cdef public bint match_first
    cdef public double match_price
    cdef public double match_quantity
    cdef public Py_ssize_t match_pair
    cdef public bytes match_trade_id
    cdef public bytes match_order_id
    cdef public bytes match_other_order_id
    cdef public unsigned long long match_other_high
    cdef public unsigned long long match_other_low
    cpdef int run(self)
    cdef bint _step(self, Py_ssize_t row)
    cdef void _tick(self)
    cdef void _other(self, Py_ssize_t row, int kind)
    cdef void _enter(self, Py_ssize_t row)
    cdef void _cancel(self, Py_ssize_t row)
    cdef void _expire(self, Py_ssize_t row)
    cdef void _replace(self, Py_ssize_t row)
    cdef void _move(self, Py_ssize_t row, int slot, double price, double quantity, double leaves)
    cdef void _unknown(self, Py_ssize_t row)
    cdef void _fill(self, Py_ssize_t row)
    cdef bint _match(self, Py_ssize_t row, int account)
    cdef void _pair(self, Py_ssize_t row, int account, int other)
    cdef void _print(self, double price, double quantity, int side) noexcept
