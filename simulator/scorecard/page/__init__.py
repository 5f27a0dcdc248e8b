"""The scorecard as one web page: text, tables and drawings in one file, for light and dark screens."""

from simulator.scorecard.page.document import document

__all__ = ["document"]
