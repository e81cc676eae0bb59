"""How words are written on pages."""
