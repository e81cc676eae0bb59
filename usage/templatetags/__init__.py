"""How usage is drawn on pages."""
