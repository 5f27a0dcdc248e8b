cimport cython


@cython.final
cdef class Order:
    cdef public long long time_ns
    cdef public long long last_time_ns
    cdef public str account
    cdef public str trader
    cdef public int person
    cdef public int match_key
    cdef public int side
    cdef public long long limit
    cdef public long long leaves
    cdef public long long filled
    cdef public long long display
    cdef public long long shown
    cdef public bint is_immediate
    cdef public long long number
    cdef public long long request
    cdef public list trades
    cdef public Level level
    cdef public Order previous
    cdef public Order next


@cython.final
cdef class Level:
    cdef public long long key
    cdef public Order head
    cdef public Order tail
    cdef public long long shown
    cdef public long long quantity
    cdef public Level better
    cdef public Level worse
    cpdef void append(self, Order order)
    cpdef void remove(self, Order order)


@cython.final
cdef class BookSide:
    cdef public int side
    cdef public Level top
    cdef public dict levels
    cdef public Level at_market
    @cython.locals(level=Level)
    cpdef add(self, Order order)
    @cython.locals(level=Level, before=Level, after=Level)
    cdef Level _insert(self, long long key)
    @cython.locals(level=Level)
    cpdef remove(self, Order order)
    cpdef long long best_ticks(self)
    cpdef best(self)
    cpdef Order first(self)
    @cython.locals(level=Level, total=cython.longlong)
    cpdef long long depth(self, int level_count)
    @cython.locals(level=Level)
    cpdef list prices(self)
