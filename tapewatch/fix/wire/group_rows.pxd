from tapewatch.fix.wire.order_rows cimport OrderRows

cdef enum:
    ENTRIES_ROOM = 4097

cdef Py_ssize_t[ENTRIES_ROOM] STARTS
cdef int[6] KEPT
cdef unsigned int[6] BASE
cdef long long[3] BASE_LONGS
cdef unsigned char[4] PRINT_IDS
cdef double[4] BEST

cdef Py_ssize_t entries_of(OrderRows rows, int count_tag, bytes members, Py_ssize_t total) noexcept
cdef void keep_base(OrderRows rows) noexcept
cdef void begin_row(OrderRows rows, Py_ssize_t part, int kind) noexcept
cdef bint find_entry(OrderRows rows, Py_ssize_t place) noexcept
cdef unsigned int instrument_or(OrderRows rows, unsigned int otherwise) except? 0xFFFFFFFF

cdef bint add_sides(OrderRows rows, Py_ssize_t total, bint is_trade) except -1
cdef int trade_kind(OrderRows rows) noexcept
cdef bint add_trade_side(OrderRows rows, Py_ssize_t part, int kind) except -1
cdef bint put_trade_key(OrderRows rows, int execution, Py_ssize_t part, int kind) except -1
cdef bint add_cross_side(OrderRows rows) except -1

cdef bint add_quotes(OrderRows rows, Py_ssize_t total, bint is_mass) except -1
cdef Py_ssize_t add_quote_sides(OrderRows rows, unsigned long long quote, Py_ssize_t part) except -2

cdef object add_market_data(OrderRows rows, Py_ssize_t total, int mode, bint is_snapshot)
cdef bint is_quote(OrderRows rows, Py_ssize_t entries) noexcept
cdef int entry_kind(OrderRows rows, bint as_quote) except -1
cdef str unread_of(OrderRows rows)
cdef bint add_entry(OrderRows rows, Py_ssize_t part, int kind, unsigned int instrument) except -1
cdef long long entry_time_ns(OrderRows rows) except? -2
cdef void begin_best() noexcept
cdef int note_best(OrderRows rows, int place) except -1
cdef int add_best(OrderRows rows, Py_ssize_t part) except -1
