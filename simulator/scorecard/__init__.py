"""Scores what a detector said against what was true: alerts, labels and events in, figures out; no detector inside."""
