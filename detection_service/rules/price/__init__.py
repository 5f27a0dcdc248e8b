"""Rules on what the market as a whole does: prices, volume, spread, sessions."""
