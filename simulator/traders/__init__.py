"""Ordinary traders: each a generator that acts through its seat and yields how long it sleeps."""
