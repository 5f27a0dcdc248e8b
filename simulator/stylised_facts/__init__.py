"""Whether a market looks like a market: measures of order flow, book and prices beside published figures."""
