"""How the admin writes days and instants: as the rest of the product does."""
