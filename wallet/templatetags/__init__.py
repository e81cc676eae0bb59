"""How amounts are written on pages."""
