from simulator.market cimport Seat
from simulator.randomness cimport gauss, ordinary_quantity, wait_ns
