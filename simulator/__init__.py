"""A market with a matching engine, ordinary traders and labelled abuse, to test surveillance against."""
