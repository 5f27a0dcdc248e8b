"""Choosing a rule's parameters by what they cost: alerts against recall."""
