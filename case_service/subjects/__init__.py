"""What is known of subjects beforehand: behaviour that is in order, and names to watch."""
