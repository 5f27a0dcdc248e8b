cimport cython

from simulator.market cimport Seat
from simulator.order_book cimport Order
from simulator.randomness cimport client_quantity, jittered_ns, pareto, wait_ns


@cython.locals(best=cython.longlong)
cdef long long _distance(Seat seat, Order order) except *
cdef Order _enter(Seat seat, accounts, intentions)
cdef bint _move_closer(Seat seat, Order order) except *
