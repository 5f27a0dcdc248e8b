"""The databases a store can be kept in, and everything that is particular to one of them."""
