cimport cython

from simulator.order_book cimport Order


@cython.final
cdef class Person:
    cdef readonly int number
    cdef readonly str account
    cdef readonly str trader
    cdef public int owner_key


@cython.final
cdef class Numbering:
    cdef public long long order
    cdef public long long request
    cdef public long long execution
    cdef public long long trade


@cython.final
cdef class Tape:
    cdef public Numbering numbering
    cdef public Py_ssize_t count
    cdef public Py_ssize_t told
    cdef public Py_ssize_t capacity
    cdef public list instruments
    cdef public list people
    cdef public list texts
    cdef dict _text_numbers
    cdef dict _persons
    cdef dict _known
    cdef dict _match_numbers
    cdef public long long[::1] time_ns
    cdef public signed char[::1] kind
    cdef public int[::1] listing
    cdef public int[::1] person
    cdef public long long[::1] number
    cdef public long long[::1] request
    cdef public long long[::1] execution
    cdef public signed char[::1] side
    cdef public long long[::1] price
    cdef public long long[::1] quantity
    cdef public long long[::1] leaves
    cdef public signed char[::1] is_immediate
    cdef public signed char[::1] is_limit
    cdef public long long[::1] display
    cdef public long long[::1] trade
    cdef public int[::1] contra
    cdef public signed char[::1] aggressor
    cdef public int[::1] text
    cpdef Person person_of(self, str account, str trader)
    @cython.locals(person=Person)
    cpdef Person known(self, account)
    cpdef int match_number(self, str match_key)
    cpdef int text_number(self, str text)
    @cython.locals(row=Py_ssize_t)
    cpdef record(self, long long time_ns, int kind, int listing, Order order, long long price, long long quantity, int text, long long trade, int contra, int aggressor)
    @cython.locals(instrument=object, person=Person, price=cython.longlong, quantity=cython.longlong, display=cython.longlong, trade=cython.longlong, contra=cython.int)
    cdef _report(self, Py_ssize_t row)
