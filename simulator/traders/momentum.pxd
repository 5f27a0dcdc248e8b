from simulator.market cimport Seat
from simulator.randomness cimport jittered_ns, ordinary_quantity, wait_ns
