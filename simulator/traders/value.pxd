from simulator.market cimport Listing
from simulator.randomness cimport gauss
