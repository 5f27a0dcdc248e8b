"""The system watching itself: what is observed of sources and canaries becomes alerts of the health rules."""
