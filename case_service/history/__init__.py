"""Cases as they were: folded from their audit records."""
