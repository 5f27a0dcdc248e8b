"""The one front door: validate, dedupe, journal, acknowledge, fan out."""
