"""What happened around a case, pinned to it: events, the opening book, the rules as they were."""
