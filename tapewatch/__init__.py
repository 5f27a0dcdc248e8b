"""Tapewatch: market surveillance over order flow and trades.

Importing any package of the distribution imports this one first, so that `TAPEWATCH_ENGINE` decides how the
compiled core is imported before any part of it is.
"""

from tapewatch.engine_mode import force_mode

force_mode()
