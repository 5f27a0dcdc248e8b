"""Webhooks: addresses that are told of new and escalated cases; signed, at least once, in order (docs/webhooks.md)."""
