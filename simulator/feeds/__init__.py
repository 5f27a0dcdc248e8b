"""Where the events of a run may go: a FIX gateway, ingest, files."""
