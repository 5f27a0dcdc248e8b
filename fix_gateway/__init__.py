"""The FIX gateway: sessions of venues and brokers, as acceptor and initiator, into events at the ingest service."""
