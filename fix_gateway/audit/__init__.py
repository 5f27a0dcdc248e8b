"""The raw audit log: every byte of every session, hash-chained, in segments of a bounded size, replayable."""
