"""A market with a matching engine, ordinary traders and labelled abuse, to test surveillance against."""

import tapewatch  # noqa: F401 - decides the mode of the compiled core before any of its modules is imported
