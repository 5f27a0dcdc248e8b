"""Late events, busts and corrections: the past evaluated again as it should have been, and what that changes."""
