cimport cython

from detection_service.engine.activity cimport Activity
from detection_service.engine.matches cimport MatchTable, PairTable
from detection_service.engine.live_book cimport LiveBook


@cython.final
cdef class Core(LiveBook):
    cdef public Py_ssize_t row
    cdef public MatchTable matches
    cdef public PairTable pairs
    cdef public double pressure_ratio
    cdef public double pressure_multiple
    cdef public double one_sided_ratio
    cdef public double large_multiple
    cdef public int layers
    cdef public long long entry_time
    cdef public double order_quantity
    cdef public long long match_entry_gap
    cdef public double match_size_ratio
    cdef public long long pressure_span_ns
    cdef public long long fill_window_ns
    cdef public long long pair_window_ns
    cdef public int pair_trades
    cdef public double pair_turns
    cdef public double price_move
    cdef public int triggers
    cdef public Activity activity
    cdef public int pressure_side
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
    cdef void _other(self, Py_ssize_t row, int kind)
    cdef void _enter(self, Py_ssize_t row)
    cdef void _count_entry(self, Py_ssize_t row, int slot, double behind)
    cdef void _cancel(self, Py_ssize_t row)
    cdef void _expire(self, Py_ssize_t row)
    cdef void _replace(self, Py_ssize_t row)
    cdef void _move(self, Py_ssize_t row, int slot, double price, double quantity, double leaves)
    cdef void _unknown(self, Py_ssize_t row)
    cdef void _withdraw(self, Py_ssize_t row, int slot, double taken)
    cdef void _press(self, Activity activity, int side) noexcept
    cdef void _fill(self, Py_ssize_t row)
    cdef void _filled(self, Py_ssize_t row, Activity activity, int account, double order_quantity)
    cdef bint _match(self, Py_ssize_t row, int account)
    cdef void _pair(self, Py_ssize_t row, int account, int other)
    cdef void _print(self, double price, double quantity, int side) noexcept
