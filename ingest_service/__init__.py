"""The one front door: validate, dedupe, journal, acknowledge, fan out."""

import tapewatch  # noqa: F401 - decides the mode of the compiled core before any of its modules is imported
