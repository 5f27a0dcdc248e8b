from simulator.market cimport Listing, Seat
from simulator.randomness cimport wait_ns
