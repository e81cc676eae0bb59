"""Ground floor: who everybody is, what letters they get and what was done in their name."""
