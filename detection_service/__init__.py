"""Detection: rebuilds the book from the journal, runs the rules, hands alerts to the case service."""

import tapewatch  # noqa: F401 - decides the mode of the compiled core before any of its modules is imported
