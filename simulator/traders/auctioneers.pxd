from simulator.market cimport Seat
from simulator.randomness cimport choose, gauss, ordinary_quantity, wait_ns
