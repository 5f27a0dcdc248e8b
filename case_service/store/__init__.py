"""Alerts, cases, audit records and request ids, durable: tables, one writer, many readers."""
