"""Running a network: torch, and never Qt."""
