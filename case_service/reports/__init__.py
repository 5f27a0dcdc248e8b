"""What leaves the case service for people: reports to the authority, case files, statistics."""
