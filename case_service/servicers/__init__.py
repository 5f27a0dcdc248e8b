"""The methods of the case service, a file a concern; `servicer.py` puts them together."""
