cimport cython

from simulator.order_book cimport BookSide, Level, Order
from simulator.tape cimport Numbering, Person, Tape


@cython.final
cdef class MatchingEngine:
    cdef readonly object instrument
    cdef public BookSide bids
    cdef public BookSide asks
    cdef public long long last_ticks
    cdef public long long bought_quantity
    cdef public long long sold_quantity
    cdef public str phase
    cdef public bint is_call
    cdef public bint is_closed
    cdef public Tape tape
    cdef Numbering _numbering
    cdef object _emit
    cdef int _listing
    cdef int _unfilled
    cdef int _self_match
    @cython.locals(order=Order)
    cpdef Order enter(self, long long time_ns, Person person, int match_key, int side, object price, object quantity, bint is_immediate, object display)
    @cython.locals(order=Order)
    cdef Order _numbered(self, long long time_ns, Person person, int side)
    @cython.locals(was_open=bint)
    cpdef bint cancel(self, long long time_ns, Order order)
    cpdef bint replace(self, long long time_ns, Order order, object price, object quantity)
    @cython.locals(level=Level, reduction=cython.longlong)
    cdef _replace(self, long long time_ns, Order order, long long price, long long quantity)
    @cython.locals(book=BookSide, order=Order, text=cython.int)
    cpdef end_session(self, long long time_ns)
    @cython.locals(buyer=Order, seller=Order, price=cython.longlong, book=BookSide, text=cython.int)
    cdef _uncross(self, long long time_ns)
    @cython.locals(quantity=cython.longlong, trade=cython.longlong)
    cdef _cross(self, long long time_ns, Order buyer, Order seller, long long price)
    @cython.locals(level=Level, shown=cython.longlong)
    cdef _reduce(self, BookSide book, Order order, long long quantity)
    @cython.locals(remainder=cython.longlong)
    cdef _match_and_rest(self, long long time_ns, Order order)
    @cython.locals(book=BookSide, level=Level, resting=Order, worst_key=cython.longlong)
    cdef _match(self, long long time_ns, Order order)
    @cython.locals(price=cython.longlong, quantity=cython.longlong, trade=cython.longlong)
    cdef _trade(self, long long time_ns, BookSide book, Level level, Order order, Order resting)
    cdef _fill(self, long long time_ns, Order order, int contra, long long price, long long quantity, long long trade, int aggressor)
    cdef _write_fill(self, long long time_ns, Order order, int contra, long long price, long long quantity, long long trade, int aggressor)
    @cython.locals(remainder=cython.longlong)
    cdef _close(self, long long time_ns, Order order, int kind, int text)
    cdef _record(self, int kind, long long time_ns, Order order, long long quantity, int text)
    cdef _write(self, int kind, long long time_ns, Order order, long long quantity, str text)
    cdef _tell(self)


@cython.locals(shown=cython.longlong)
cdef _refresh(Level level, Order order)
cdef str _fault(object price, object quantity, object display)
