"""Proof that the audit trail is the one that was written: signed checkpoints, verification, exports."""
