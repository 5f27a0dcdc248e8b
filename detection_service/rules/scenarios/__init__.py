"""Scenarios: small markets written out by hand beside each rule, with what the rule must make of them."""
