"""Rules on what an owner does over time, over markets and together with others."""
