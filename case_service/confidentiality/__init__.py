"""Who may see which case, and for how long: access lists, desks, legal holds, retention, erasure, pseudonyms."""
