"""What the anomaly model finds by itself."""
