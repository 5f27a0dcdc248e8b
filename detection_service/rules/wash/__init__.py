"""Rules on trades that change nobody's position."""
