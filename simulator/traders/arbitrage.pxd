from simulator.market cimport Listing, Seat
from simulator.randomness cimport gauss, jittered_ns, ordinary_quantity, wait_ns
