from simulator.market cimport Listing, Seat
from simulator.randomness cimport ordinary_quantity, wait_ns
