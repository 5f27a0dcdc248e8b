"""Control rules: what must not be dealt in, and orders and trades that look like mistakes."""
