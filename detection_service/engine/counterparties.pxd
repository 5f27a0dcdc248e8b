from detection_service.engine.match_records cimport MatchSidePointer
from detection_service.engine.readers cimport Readers


cdef class Counterparties(Readers):
    cdef public long long entry_time
    cdef public double order_quantity
    cdef public long long pair_window_ns
    cdef public int pair_trades
    cdef public double pair_turns
    cdef public long long arranged_gap_ns
    cdef public double arranged_ratio
    cdef public int arranged_matches
    cdef public long long arranged_window_ns
    cdef public int match_buyer
    cdef public int match_seller
    cdef public bint match_first
    cdef public double match_price
    cdef public double match_quantity
    cdef public unsigned long long match_pair
    cdef public long long match_number
    cdef public long long match_entry_gap
    cdef public double match_size_ratio
    cdef public Py_ssize_t match_row
    cdef public Py_ssize_t match_place
    cdef public unsigned long long match_other_high
    cdef public unsigned long long match_other_low
    cdef bint _match(self, Py_ssize_t row, int account, int number) except -1
    cdef int _first_side(self, Py_ssize_t row, MatchSidePointer side, int account, int other, int number) except -1
    cdef int _second_side(self, Py_ssize_t row, MatchSidePointer side, int account, int number) except -1
    cdef void _arranged(self) noexcept
    cpdef unsigned long long pair_key(self, unsigned long long group, unsigned long long other) noexcept
    cdef int _pair(self, Py_ssize_t row, int account, int other, int number) except -1
    cdef int _taker(self, Py_ssize_t row) noexcept
    cdef bint _counts(self, Py_ssize_t row, MatchSidePointer side) noexcept
    cdef bint _counts_unnamed(self, Py_ssize_t row) noexcept
