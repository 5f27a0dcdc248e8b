"""The bench: what the parts of Tapewatch do on this machine, beside what they must do."""
