"""The vocabulary of the market: events, frames, identities, reference data. Pure: no I/O, no clock."""
