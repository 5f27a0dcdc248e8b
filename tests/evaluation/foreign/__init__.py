"""Order flow as other people's simulators of market abuse make it, and how the rules do on it."""
