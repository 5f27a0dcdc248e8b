from simulator.market cimport Seat
from simulator.order_book cimport Order
from simulator.randomness cimport jittered_ns, wait_ns
