from simulator.market cimport Seat
from simulator.randomness cimport choose, gauss, jittered_ns, ordinary_quantity, wait_ns
