"""Alerts, cases, their lifecycle and their audit trail."""
