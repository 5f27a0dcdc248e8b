"""Rules on flow: cancels, floods of messages, and prices pushed by one's own trades."""
