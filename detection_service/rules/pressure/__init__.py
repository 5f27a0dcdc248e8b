"""Rules on orders that press on the price and go: not meant to trade."""
