"""Rules from outside the catalogue: written in YAML or Python, loaded from a directory, isolated where faulty."""
