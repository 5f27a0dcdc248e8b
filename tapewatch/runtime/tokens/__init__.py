"""Signed tokens of people: checked by services, shown by clients, and for development issued here."""
