"""FIX straight from the bytes: what runs once a message, compiled; each part gives what the careful way gives."""
